/** The realtime protocol without WebSockets: with the published SDK, and request by request. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { Clients, known } from '../../../support/ably.ts'
import { eventually } from '../../../support/client.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let key: string
const clients = new Clients(() => server)

beforeAll(async () => {
  server = await startTestServer()
  key = await known(server, server.addKey())
})
afterEach(() => clients.end())
afterAll(() => server.end())

let names = 0
const fresh = () => `comet-${names++}`

describe('the SDK without WebSockets', () => {
  const overRequests = (more = {}) => clients.connected({ key, transports: ['comet'], ...more })

  test('publishes, subscribes and is present', async () => {
    const room = fresh()
    const [ann, bob] = await Promise.all([
      overRequests({ clientId: 'ann' }),
      clients.connected({ key }),
    ])
    const got: unknown[] = []
    await ann.channels.get(room).subscribe(({ data }) => got.push(data))
    await bob.channels.get(room).publish('a', { from: 'socket' })
    await ann.channels.get(room).publish('b', 'from requests')
    await eventually(() => got.length === 2, 'both came')
    expect(got).toEqual([{ from: 'socket' }, 'from requests'])
    await ann.channels.get(room).presence.enter('here')
    const members = await bob.channels.get(room).presence.get()
    expect(members).toMatchObject([{ clientId: 'ann', data: 'here' }])
  })

  test('closes, and its members leave at once', async () => {
    const room = fresh()
    const [ann, bob] = await Promise.all([
      overRequests({ clientId: 'ann' }),
      clients.connected({ key }),
    ])
    const left = Promise.withResolvers<string>()
    await bob.channels.get(room).presence.subscribe('leave', ({ clientId }) => {
      left.resolve(clientId)
    })
    await ann.channels.get(room).presence.enter()
    ann.close()
    expect(await left.promise).toBe('ann')
    await eventually(() => ann.connection.state === 'closed', 'it is closed')
  })

  test('fails with a wrong key', async () => {
    const client = clients.make({ key: `${key}x`, transports: ['comet'] })
    await eventually(() => client.connection.state === 'failed', 'it has failed')
    expect(client.connection.errorReason?.code).toBe(40101)
  })
})

describe('request by request', () => {
  interface Frame {
    readonly action: number
    readonly id?: string
    readonly count?: number
    readonly connectionDetails?: { readonly connectionKey: string }
    readonly error?: { readonly code: number }
  }

  const get = (path: string, init?: RequestInit) => fetch(`${server.url}/comet/${path}`, init)
  const read = async (response: Promise<Response>) => (await (await response).json()) as Frame[]

  async function connect(): Promise<string> {
    const frames = await read(get(`connect?key=${key}&stream=false&v=6`))
    expect(frames[0]!.action).toBe(4)
    return frames[0]!.connectionDetails!.connectionKey
  }

  const send = (id: string, frames: unknown) =>
    get(`${id}/send`, { method: 'POST', body: JSON.stringify(frames) })

  test('a poll waits for frames and takes all that have gathered', async () => {
    const id = await connect()
    const room = fresh()
    const waiting = read(get(`${id}/recv`))
    expect((await send(id, [{ action: 10, channel: room }])).status).toBe(200)
    expect((await waiting).map(({ action }) => action)).toEqual([11])
    const messages = [{ name: 'a' }]
    const publish = [0, 1].map((msgSerial) => ({ action: 15, channel: room, msgSerial, messages }))
    await send(id, publish)
    const gathered: number[] = []
    while (gathered.filter((action) => action === 15).length < 2)
      gathered.push(...(await read(get(`${id}/recv`))).map(({ action }) => action))
    expect(gathered).toContain(1)
  })

  test('many frames of one request are handled in order, in turns with others', async () => {
    const id = await connect()
    const room = fresh()
    let turns = 0
    let isOver = false
    const count = () => {
      turns++
      if (!isOver) setImmediate(count)
    }
    // Server and test share their turns.
    setImmediate(count)
    const messages = (n: number) => [{ action: 15, channel: room, msgSerial: n, messages: [{}] }]
    const body = Array.from({ length: 1000 }, (_, n) => messages(n)[0])
    expect((await send(id, body)).status).toBe(200)
    isOver = true
    expect(turns).toBeGreaterThan(15)
    const answers: Frame[] = []
    const counted = () =>
      answers.reduce((sum, { action, count: acked = 0 }) => sum + (action === 1 ? acked : 0), 0)
    while (counted() < 1000) answers.push(...(await read(get(`${id}/recv`))))
    expect(counted()).toBe(1000)
  })

  test('a stream sends a line for each array', async () => {
    const response = await get(`connect?key=${key}&v=6`)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    const first = await reader.read()
    expect(first.value).toEndWith(']\n')
    const [connected] = JSON.parse(first.value!) as Frame[]
    const id = connected!.connectionDetails!.connectionKey
    await send(id, [{ action: 0, id: 'ping' }])
    const second = await reader.read()
    expect(JSON.parse(second.value!)).toEqual([{ action: 0, id: 'ping' }])
    await get(`${id}/close`)
    const third = await reader.read()
    expect((JSON.parse(third.value!) as Frame[])[0]!.action).toBe(8)
    expect((await reader.read()).done).toBe(true)
  })

  test('a refusal has its status, and the frame as its body', async () => {
    const response = await get(`connect?key=${key}x&v=6`)
    expect(response.status).toBe(401)
    const [frame] = (await response.json()) as Frame[]
    expect(frame).toMatchObject({ action: 9, error: { code: 40101 } })
    expect(frame).not.toHaveProperty('channel')
  })

  test('an unknown connection is answered in a form that SDKs read', async () => {
    const response = await get('nonsense/recv')
    expect(response.status).toBe(410)
    expect(response.headers.get('x-ably-errorcode')).toBe('80022')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toMatchObject({ error: { code: 80022, statusCode: 410 } })
  })

  test('a dropped transport can be resumed, and its key works once', async () => {
    const id = await connect()
    await get(`${id}/disconnect`)
    expect((await get(`${id}/recv`)).status).toBe(410)
    const again = await read(get(`connect?key=${key}&stream=false&v=6&resume=${id}`))
    const next = again[0]!.connectionDetails!.connectionKey
    expect(next.split('!')[0]).toBe(id.split('!')[0]!)
    expect(next).not.toBe(id)
    expect(again[0]!.error).toBeUndefined()
  })

  test.each([['{}'], ['['], ['"text"']])(
    'the body %s is refused, and the connection stays',
    async (body) => {
      const id = await connect()
      const refused = await get(`${id}/send`, { method: 'POST', body })
      expect(refused.status).toBe(400)
      await send(id, [{ action: 0, id: 'still' }])
      expect(await read(get(`${id}/recv`))).toEqual([{ action: 0, id: 'still' }])
    },
  )

  test('meaningless frames do not end the connection', async () => {
    const id = await connect()
    await send(id, [{ action: 77 }, { action: 0, id: 'still', more: [null] }])
    const frames = await read(get(`${id}/recv`))
    expect(frames.at(-1)).toEqual({ action: 0, id: 'still' })
  })

  test('MessagePack is refused', async () => {
    const response = await get(`connect?key=${key}&format=msgpack`)
    expect(response.status).toBe(400)
    expect(response.headers.get('x-ably-errorcode')).toBe('40003')
  })

  test('pages of other origins may read the answers', async () => {
    const origin = 'https://app.test'
    const preflight = await get('connect', { method: 'OPTIONS', headers: { origin } })
    expect(preflight.status).toBe(204)
    const answer = await get('nonsense/recv', { headers: { origin } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })
})
