/** Live objects as the plugin of the published SDK sees them, in both formats. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type Ably from 'ably'
import { LiveCounter, LiveMap, LiveObjects } from 'ably/liveobjects'
import { AblyApp } from '../../../../support/ably-app.ts'
import { Clients } from '../../../../support/ably.ts'
import { eventually } from '../../../../support/client.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

let server: TestServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
})
afterEach(() => clients.end())
afterAll(() => server.end())

let names = 0
const fresh = () => `objects-${names++}`
const modes: Ably.ChannelMode[] = ['OBJECT_SUBSCRIBE', 'OBJECT_PUBLISH']

describe.each([false, true])('with useBinaryProtocol %p', (useBinaryProtocol) => {
  const open = async (room: string, clientId = 'ann') => {
    const client = await clients.connected({
      useBinaryProtocol,
      clientId,
      plugins: { LiveObjects },
    })
    const channel = client.channels.get(room, { modes })
    return { channel, root: await channel.object.get() }
  }

  test('a channel begins with an empty root', async () => {
    const { channel, root } = await open(fresh())
    expect(channel.modes).toEqual(['object_subscribe', 'object_publish'])
    expect(root.size()).toBe(0)
  })

  test('values of every kind come to everybody, and to those who come later', async () => {
    const room = fresh()
    const [ann, bob] = [await open(room), await open(room, 'bob')]
    await ann.root.set('text', '')
    await ann.root.set('number', -1.5)
    await ann.root.set('whole', 9_007_199_254_740_991)
    await ann.root.set('no', false)
    await ann.root.set('bytes', Buffer.from([0, 255]))
    await ann.root.set('json', { list: [1, 'ü'] })
    await ann.root.set('gone', 1)
    await ann.root.remove('gone')
    await ann.root.set(
      'map',
      LiveMap.create({ 'a.b': 'dot', counter: LiveCounter.create(10), b64: Buffer.from('x') }),
    )
    const shown = ann.root.compactJson()
    expect(shown).toMatchObject({
      whole: 9_007_199_254_740_991,
      map: { 'a.b': 'dot', counter: 10 },
    })
    await eventually(() => bob.root.get('map').instance() !== undefined, 'all came')
    expect(bob.root.compactJson()).toEqual(shown)
    expect((await open(room, 'eve')).root.compactJson()).toEqual(shown)
  })

  test('counters add up for all who count at once', async () => {
    const room = fresh()
    const [ann, bob] = [await open(room), await open(room, 'bob')]
    await ann.root.set('counter', LiveCounter.create(5))
    await eventually(() => bob.root.get('counter').instance() !== undefined, 'the counter came')
    await Promise.all([
      ...Array.from({ length: 20 }, () => ann.root.get('counter').increment(2)),
      ...Array.from({ length: 20 }, () => bob.root.get('counter').decrement(1)),
    ])
    for (const { root } of [ann, bob])
      await eventually(() => root.get('counter').value() === 25, 'everybody has counted')
  })

  test('what changes tells who changed it', async () => {
    const room = fresh()
    const [ann, bob] = [await open(room), await open(room, 'bob')]
    const heard: unknown[] = []
    bob.root.subscribe(({ message }) => heard.push(message))
    await ann.root.set('k', 'v')
    await eventually(() => heard.length === 1, 'it came')
    expect(heard[0]).toMatchObject({
      clientId: 'ann',
      operation: {
        action: 'map.set',
        objectId: 'root',
        mapSet: { key: 'k', value: { string: 'v' } },
      },
    })
  })

  test('objects keep who they are when a client attaches again', async () => {
    const { channel, root } = await open(fresh())
    await root.set('map', LiveMap.create({ k: 1 }))
    const before = root.get('map').instance()?.id
    await channel.detach()
    await channel.attach()
    await channel.object.get()
    expect(root.get('map').instance()?.id).toBe(before!)
    expect(root.compactJson()).toEqual({ map: { k: 1 } })
  })

  test('more than fits one message comes whole', async () => {
    const room = fresh()
    const { root } = await open(room)
    await root.set('map', LiveMap.create({}))
    const pad = 'x'.repeat(2000)
    for (let i = 0; i < 40; i++) await root.get('map').set(`key ${i}`, `${i} ${pad}`)
    for (let i = 0; i < 20; i++) await root.set(`counter ${i}`, LiveCounter.create(i))
    expect((await open(room, 'bob')).root.compactJson()).toEqual(root.compactJson())
  })
})
