/** Resuming a connection that another node may have: what a client sends waits for the answer, and is then decided anew. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { ACTION, FrameClient, known } from '../../../support/ably.ts'
import { eventually } from '../../../support/client.ts'
import { HeldFinder } from '../../../support/engines/late-finder.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let key: string
let finder: HeldFinder
const clients: FrameClient[] = []

beforeAll(async () => {
  finder = new HeldFinder()
  server = await startTestServer({}, {}, undefined, { makeFinder: finder.make })
  key = await known(server, server.addKey())
})
afterEach(() => {
  finder.release()
  for (const client of clients.splice(0)) client.terminate()
})
afterAll(() => server.end())

const asked = () => eventually(() => finder.waiting > 0, 'the finder is asked')

async function connected(with_ = key): Promise<FrameClient> {
  const client = await FrameClient.connected(server, `key=${with_}&v=6`)
  clients.push(client)
  return client
}

async function resuming(connectionKey: string, with_ = key): Promise<FrameClient> {
  const client = new FrameClient(server, `key=${with_}&v=6&resume=${connectionKey}`)
  clients.push(client)
  await client.opened
  await asked()
  return client
}

const errorOf = (frame: object) => (frame as { error?: { code: number } }).error?.code

describe('a client that resumes', () => {
  test('goes on with its connection, and what it sent meanwhile is done after that, in order', async () => {
    const first = await connected()
    const second = await resuming(first.connectionKey)
    second.send({ action: ACTION.ATTACH, channel: 'room' })
    second.send({
      action: ACTION.MESSAGE,
      channel: 'room',
      msgSerial: 0,
      messages: [{ name: 'early' }],
    })
    await Bun.sleep(0)
    expect(second.frames).toEqual([])
    finder.release()
    await second.next(ACTION.MESSAGE)
    expect(second.connectionId).toBe(first.connectionId)
    expect(second.connectionKey).not.toBe(first.connectionKey)
    const order = second.frames.map(({ action }) => action)
    expect(order[0]).toBe(ACTION.CONNECTED)
    expect(order.indexOf(ACTION.ATTACHED)).toBeLessThan(order.indexOf(ACTION.MESSAGE))
    await second.next(ACTION.ACK)
  })

  test('whose connection ended while it was looked for gets a new one', async () => {
    const first = await connected()
    const id = first.connectionId
    const second = await resuming(first.connectionKey)
    first.send({ action: ACTION.CLOSE })
    await first.next(ACTION.CLOSED)
    finder.release()
    const hello = await second.next(ACTION.CONNECTED)
    expect(errorOf(hello)).toBe(80_018)
    expect(second.connectionId).not.toBe(id)
  })

  test('whose key was revoked while the connection was looked for is not let in', async () => {
    const own = await known(server, server.addKey())
    const first = await connected(own)
    const second = await resuming(first.connectionKey, own)
    server.revokeKey(own)
    await first.next(ACTION.ERROR)
    finder.release()
    expect(errorOf(await second.next(ACTION.ERROR))).toBe(40_131)
    expect(second.all(ACTION.CONNECTED)).toEqual([])
  })

  test('that goes away meanwhile leaves the connection to whoever comes next', async () => {
    const first = await connected()
    const gone = await resuming(first.connectionKey)
    gone.terminate()
    finder.release()
    const third = await resuming(first.connectionKey)
    finder.release()
    await third.next(ACTION.CONNECTED)
    expect(third.connectionId).toBe(first.connectionId)
  })
})

describe('a publish over REST on behalf of a connection', () => {
  const publish = (connectionKey: string, with_ = key) =>
    fetch(`${server.url}/channels/room/messages`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(with_)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'behalf', connectionKey }),
    })

  test('is done once the connection is found', async () => {
    const client = await connected()
    await client.attach('room')
    const answer = publish(client.connectionKey)
    await asked()
    expect(client.all(ACTION.MESSAGE)).toEqual([])
    finder.release()
    expect((await answer).status).toBe(201)
    expect(await client.next(ACTION.MESSAGE)).toMatchObject({ connectionId: client.connectionId })
  })

  test('is refused where the credentials ended meanwhile', async () => {
    const client = await connected()
    const own = await known(server, server.addKey())
    const answer = publish(client.connectionKey, own)
    await asked()
    server.revokeKey(own)
    await eventually(async () => {
      const headers = { authorization: `Basic ${btoa(own)}` }
      return (await fetch(`${server.url}/channels/x/messages`, { headers })).status === 401
    }, 'the key is known to be revoked')
    finder.release()
    expect((await answer).status).toBe(401)
  })

  test('is refused with a key of no connection', async () => {
    const answer = publish('nobody!nothing')
    await asked()
    finder.release()
    expect((await answer).status).toBe(400)
  })
})
