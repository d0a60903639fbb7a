/** Live objects: the same tree everywhere, whoever changes it and wherever. */
import { expect, test } from 'bun:test'
import type Ably from 'ably'
import { LiveCounter, LiveMap, LiveObjects } from 'ably/liveobjects'
import { eventually } from '../support/client.ts'
import type { EngineClients, Side } from './engine-clients.ts'

const modes: Ably.ChannelMode[] = ['OBJECT_SUBSCRIBE', 'OBJECT_PUBLISH']

export function engineObjectCases(clients: EngineClients): void {
  const open = async (side: Side, name: string) => {
    const channel = await clients.channel(side, name, { plugins: { LiveObjects } }, { modes })
    return channel.object.get()
  }

  test('counters add up, and the last writer wins everywhere', async () => {
    const name = clients.name()
    const [a, b] = [await open('a', name), await open('b', name)]
    await a.set('counter', LiveCounter.create(100))
    await eventually(() => b.get('counter').value() === 100, 'the counter came')
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        await Promise.all([a.get('counter').increment(1), b.get('counter').increment(10)])
        await Promise.all([a.set('last', `a${n}`), b.set('last', `b${n}`)])
      }),
    )
    for (const root of [a, b])
      await eventually(() => root.get('counter').value() === 320, 'everybody has counted')
    await a.set('end', true)
    await eventually(() => b.get('end').value() === true, 'the end came')
    expect(b.compactJson()).toEqual(a.compactJson())
  })

  test('whoever comes later has it all', async () => {
    const name = clients.name()
    const a = await open('a', name)
    await a.set('map', LiveMap.create({ inner: LiveMap.create({ n: LiveCounter.create(7) }) }))
    await a.set('gone', 'x')
    await a.remove('gone')
    const late = await open('b', name)
    expect(late.compactJson()).toEqual({ map: { inner: { n: 7 } } })
    await late.get('map').set('more', 'y')
    await eventually(() => a.get('map').get('more').value() === 'y', 'it came back')
  })

  test('an operation over REST is told everywhere, and counts once', async () => {
    const name = clients.name()
    const [a, b] = [await open('a', name), await open('b', name)]
    const post = (side: Side, body: object) =>
      clients.ask(side, `/channels/${encodeURIComponent(name)}/object`, body)
    expect((await post('a', { path: 'c', counterCreate: { count: 1 } })).status).toBe(201)
    await eventually(() => b.get('c').value() === 1, 'it came')
    const once = { id: 'once', path: 'c', counterInc: { number: 5 } }
    const answers = await Promise.all([post('a', once), post('b', once), post('a', once)])
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    for (const root of [a, b]) await eventually(() => root.get('c').value() === 6, 'it was counted')
    expect((await clients.ask('b', `/channels/${encodeURIComponent(name)}/object`)).body).toEqual({
      c: 6,
    })
  })

  test('what is refused changes nothing anywhere', async () => {
    const name = clients.name()
    const [a, b] = [await open('a', name), await open('b', name)]
    await a.set('k', 'v')
    const large = 'x'.repeat(90_000)
    const set = (n: number) =>
      a.set(`large ${n}`, large).then(
        () => 0,
        ({ code }: Ably.ErrorInfo) => code,
      )
    const codes: number[] = []
    // One after the other: 80 of them are more than a channel can have.
    for (let n = 0; n < 80; n++) codes.push(await set(n))
    expect(codes.at(0)).toBe(0)
    expect(codes.at(-1)).toBe(92_001)
    await eventually(() => b.size() === a.size(), 'what was taken came')
    await b.set('k', 'small enough')
    await eventually(() => a.get('k').value() === 'small enough', 'it goes on')
  })
}
