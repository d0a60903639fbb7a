/** OBJECT and OBJECT_SYNC as they look on the wire, and who may send what. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp } from '../../../../support/ably-app.ts'
import { ACTION, FrameClient, type ProtocolMessage } from '../../../../support/ably.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

let server: TestServer
let app: AblyApp
const clients: FrameClient[] = []

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [{ '*': ['subscribe', 'object-subscribe'] }])
})
afterAll(() => {
  for (const client of clients) client.terminate()
  return server.end()
})

const BOTH_MODES = (1 << 24) | (1 << 25)
const SUBSCRIBE_ALONE = 1 << 24
const HAS_OBJECTS = 1 << 7

async function connect(query = '', key = app.keys[0]!): Promise<FrameClient> {
  const client = await FrameClient.connected(server, `key=${encodeURIComponent(key)}&v=6${query}`)
  clients.push(client)
  return client
}

interface State {
  readonly serial?: string
  readonly siteCode?: string
  readonly id?: string
  readonly operation?: Readonly<Record<string, unknown>>
  readonly object?: Readonly<Record<string, unknown>>
}

const stateOf = (frame: ProtocolMessage) => frame['state'] as State[]
const siteOf = (client: FrameClient) =>
  client.all(ACTION.CONNECTED).at(-1)!['connectionDetails'] as {
    siteCode: string
    objectsGCGracePeriod: number
  }

function counterCreate(count: unknown, timestamp = Date.now()) {
  return counterOf(JSON.stringify({ count }), timestamp)
}

function counterOf(initialValue: string, timestamp = Date.now()) {
  const nonce = 'n'.repeat(16)
  const hash = createHash('sha256').update(`${initialValue}:${nonce}`).digest('base64url')
  const objectId = `counter:${hash}@${timestamp}`
  return { action: 3, objectId, counterCreateWithObjectId: { initialValue, nonce } }
}

const set = (key: string, value: object) => ({
  action: 1,
  objectId: 'root',
  mapSet: { key, value },
})

async function sent(client: FrameClient, channel: string, operations: readonly object[]) {
  const before = client.frames.length
  const state = operations.map((operation) => ({ operation }))
  const msgSerial = client.all(ACTION.ACK).length + client.all(ACTION.NACK).length
  client.send({ action: ACTION.OBJECT, channel, msgSerial, state })
  await client.until(() =>
    client.frames
      .slice(before)
      .find(({ action }) => action === ACTION.ACK || action === ACTION.NACK),
  )
  return client.frames.slice(before)
}

/** The code of the refusal; the whole answer where it was none. */
async function refusal(client: FrameClient, channel: string, ...operations: object[]) {
  const answer = (await sent(client, channel, operations)).at(-1)!
  return (answer['error'] as { code: number } | undefined)?.code ?? answer
}

test('the echo comes before the acknowledgement, as one message with the same serials', async () => {
  const client = await connect()
  await client.attach('echo', { flags: BOTH_MODES })
  await client.next(ACTION.OBJECT_SYNC)
  const created = counterCreate(10)
  const frames = await sent(client, 'echo', [created, set('k', { objectId: created.objectId })])
  expect(frames.map(({ action }) => action)).toEqual([ACTION.OBJECT, ACTION.ACK])
  const [object, ack] = frames as [ProtocolMessage, ProtocolMessage]
  const state = stateOf(object)
  const position = String(object['channelSerial'])
  expect(state.map(({ serial }) => serial)).toEqual([`${position}:000`, `${position}:001`])
  expect(ack['res']).toEqual([{ serials: state.map(({ serial }) => serial) }])
  expect(object).toMatchObject({
    connectionId: client.connectionId,
    id: `${client.connectionId}:0`,
  })
  const { siteCode } = siteOf(client)
  expect(state.map((one) => one.siteCode)).toEqual([siteCode, siteCode])
  // What it begins with is written out, without what it was hashed from.
  expect(state[0]!.operation).toEqual({
    action: 3,
    objectId: created.objectId,
    counterCreate: { count: 10 },
  })
  expect(siteOf(client).objectsGCGracePeriod).toBe(86_400_000)
})

test('everybody who attaches is sent the objects, those without any and those who resume too', async () => {
  const client = await connect()
  const first = await client.attach('sync', { flags: BOTH_MODES })
  expect(Number(first['flags'])).toBe(BOTH_MODES | HAS_OBJECTS)
  const empty = await client.next(ACTION.OBJECT_SYNC)
  expect(String(empty['channelSerial'])).toMatch(/^[\w-]+:$/)
  expect(stateOf(empty)).toEqual([
    {
      object: {
        objectId: 'root',
        siteTimeserials: {},
        tombstone: false,
        map: { semantics: 0, entries: {} },
      },
    },
  ])
  const [object] = await sent(client, 'sync', [
    set('k', { string: '' }),
    set('gone', { number: 0 }),
  ])
  await sent(client, 'sync', [{ action: 2, objectId: 'root', mapRemove: { key: 'gone' } }])
  const last = client.all(ACTION.OBJECT).at(-1)!
  const again = await client.attach('sync', {
    flags: BOTH_MODES,
    channelSerial: last['channelSerial'],
  })
  expect(Number(again['flags']) & HAS_OBJECTS).toBe(HAS_OBJECTS)
  const [root] = stateOf(await client.next(ACTION.OBJECT_SYNC, 1))
  expect(root!.object).toEqual({
    objectId: 'root',
    siteTimeserials: { [siteOf(client).siteCode]: stateOf(last)[0]!.serial },
    tombstone: false,
    map: {
      semantics: 0,
      entries: {
        k: { timeserial: stateOf(object!)[0]!.serial, data: { string: '' } },
        gone: {
          timeserial: stateOf(last)[0]!.serial,
          tombstone: true,
          serialTimestamp: last['timestamp'],
        },
      },
    },
  })
})

test('clients before version 6 write and read operations in their own way', async () => {
  const older = await FrameClient.connected(
    server,
    `key=${encodeURIComponent(app.keys[0]!)}&v=4&format=msgpack`,
  )
  clients.push(older)
  const current = await connect()
  for (const client of [older, current]) {
    await client.attach('older', { flags: BOTH_MODES })
    await client.next(ACTION.OBJECT_SYNC)
  }
  const initialValue = JSON.stringify({ counter: { count: 3 } })
  const hash = createHash('sha256').update(`${initialValue}:nonce`).digest('base64url')
  const objectId = `counter:${hash}@${Date.now()}`
  await sent(older, 'older', [
    { action: 3, objectId, nonce: 'nonce', initialValue },
    { action: 1, objectId: 'root', mapOp: { key: 'b', data: { bytes: new Uint8Array([1, 2]) } } },
    { action: 4, objectId, counterOp: { amount: 2 } },
  ])
  const heard = stateOf(await current.next(ACTION.OBJECT)).map(({ operation }) => operation)
  expect(heard).toEqual([
    { action: 3, objectId, counterCreate: { count: 3 } },
    { action: 1, objectId: 'root', mapSet: { key: 'b', value: { bytes: 'AQI=' } } },
    { action: 4, objectId, counterInc: { number: 2 } },
  ])
  const echoed = stateOf(await older.next(ACTION.OBJECT)).map(({ operation }) => operation)
  expect(echoed[0]).toEqual({ action: 3, objectId, counter: { count: 3 } })
  expect(echoed[2]).toEqual({ action: 4, objectId, counterOp: { amount: 2 } })
})

test('clients before version 6 are told of a clear as of keys that were removed', async () => {
  const older = await FrameClient.connected(server, `key=${encodeURIComponent(app.keys[0]!)}&v=5`)
  clients.push(older)
  const current = await connect()
  for (const client of [older, current]) {
    await client.attach('cleared', { flags: BOTH_MODES })
    await client.next(ACTION.OBJECT_SYNC)
  }
  await sent(current, 'cleared', [set('a', { number: 1 }), set('b', { number: 2 })])
  const after = set('c', { number: 3 })
  await sent(current, 'cleared', [{ action: 6, objectId: 'root', mapClear: {} }, after])
  const clear = stateOf(await current.next(ACTION.OBJECT, 1))
  expect(clear.map(({ operation }) => operation)).toEqual([
    { action: 6, objectId: 'root', mapClear: {} },
    after,
  ])
  const told = stateOf(await older.next(ACTION.OBJECT, 1))
  expect(told.map(({ operation }) => operation)).toEqual([
    { action: 2, objectId: 'root', mapOp: { key: 'a' } },
    { action: 2, objectId: 'root', mapOp: { key: 'b' } },
    { action: 1, objectId: 'root', mapOp: { key: 'c', data: { number: 3 } } },
  ])
  const serials = told.map(({ serial }) => serial!)
  expect(serials).toEqual(serials.toSorted())
  expect(new Set(serials).size).toBe(3)
  expect(serials[0]! > clear[0]!.serial!).toBe(true)
})

test('a number that is no double is refused, wherever it stands', async () => {
  const client = await connect()
  const frame = (number: string) =>
    `{"action":19,"channel":"exact","msgSerial":${client.all(ACTION.ACK).length + client.all(ACTION.NACK).length},` +
    `"state":[{"operation":{"action":1,"objectId":"root","mapSet":{"key":"9007199254740993","value":{"number":${number}}}}}]}`
  const answered = async (number: string) => {
    const before = client.frames.length
    client.send(frame(number))
    await client.until(() => client.frames[before])
    return (client.frames[before]!['error'] as { code: number } | undefined)?.code ?? 'taken'
  }
  expect(await answered('9007199254740993')).toBe(40_013)
  expect(await answered('1e400')).toBe(40_013)
  expect(await answered('0.1234567890123456789')).toBe(40_013)
  for (const number of ['9007199254740992', '0.1', '1e300', '-0.5', '1152921504606846976'])
    expect(await answered(number)).toBe('taken')
  expect(await refusal(client, 'exact', counterOf('{"count":9007199254740993}'))).toBe(40_013)
})

describe('what is refused', () => {
  test.each([
    ['an unknown action', { action: 9, objectId: 'root' }, 92_000],
    ['no object', { action: 1, mapSet: { key: 'k', value: { number: 1 } } }, 92_000],
    ['an id that is none', { ...set('k', { number: 1 }), objectId: 'map:short@1' }, 92_000],
    ['deleting', { action: 5, objectId: 'root' }, 92_000],
    ['counting a map', { action: 4, objectId: 'root', counterInc: { number: 1 } }, 92_000],
    ['clearing what is no root', { action: 6, objectId: `map:${'a'.repeat(43)}@1` }, 92_000],
    ['a value that is none', set('k', {}), 40_013],
    ['two values at once', set('k', { number: 1, string: 'x' }), 40_013],
    ['JSON that is no object', set('k', { json: '1' }), 40_013],
    ['a name that is no id', set('k', { objectId: 'nobody' }), 92_000],
    ['a value that is too large', set('k', { string: 'x'.repeat(110_000) }), 40_009],
    ['an id that is too old', counterCreate(1, Date.now() - 90_000_000), 92_000],
    [
      'an id of other contents',
      { ...counterCreate(1), objectId: counterCreate(2).objectId },
      92_000,
    ],
    ['a count that is no number', counterCreate('1'), 40_013],
  ])('%s', async (_, operation, code) => {
    const client = await connect()
    // Nothing of what came with it is applied either.
    expect(await refusal(client, 'refused', set('before', { number: 1 }), operation)).toBe(code)
    await client.attach('refused', { flags: BOTH_MODES })
    expect(JSON.stringify(await client.next(ACTION.OBJECT_SYNC))).not.toContain('before')
  })

  test('what the attachment has no mode for, and what the capability does not permit', async () => {
    const client = await connect()
    await client.attach('rights', { flags: SUBSCRIBE_ALONE })
    expect(await refusal(client, 'rights', set('k', { number: 1 }))).toBe(40_165)
    const reader = await connect('', app.keys[1]!)
    const attached = await reader.attach('rights', { flags: BOTH_MODES })
    expect(Number(attached['flags'])).toBe(SUBSCRIBE_ALONE | HAS_OBJECTS)
    expect(await refusal(reader, 'elsewhere', set('k', { number: 1 }))).toBe(40_160)
  })

  test('nobody hears of objects who has not asked for them', async () => {
    const [writer, plain] = [await connect(), await connect()]
    const attached = await plain.attach('quiet')
    expect(Number(attached['flags']) & HAS_OBJECTS).toBe(0)
    await sent(writer, 'quiet', [set('k', { number: 1 })])
    await plain.settled()
    expect(plain.all(ACTION.OBJECT).length + plain.all(ACTION.OBJECT_SYNC).length).toBe(0)
  })
})
