/** Live objects over requests: operations in both ways of writing them, and trees. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody } from '../../../../support/ably-app.ts'
import { ACTION, FrameClient } from '../../../../support/ably.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [
    { '*': ['object-publish'] },
    { '*': ['object-subscribe'] },
    { '*': ['publish'] },
  ])
})
afterAll(() => server.end())

interface Done {
  readonly messageId: string
  readonly channel: string
  readonly objectIds: readonly string[]
}

const post = (channel: string, body: object, more: object = {}) =>
  app.ask<Done & ErrorBody>(`/channels/${channel}/object`, { body, ...more })
const get = (path: string, more: object = {}) => app.ask<unknown>(`/channels/${path}`, more)
const codeOf = ({ body }: { body: unknown }) => (body as ErrorBody).error.code

let names = 0
const fresh = () => `objects-${names++}`

describe.each([false, true])('with MessagePack %p', (binary) => {
  const how = { binary }

  test('what is created at a path is there, and is read as a tree', async () => {
    const room = fresh()
    const map = await post(room, { path: 'm', mapCreate: { semantics: 0 } }, how)
    expect(map.status).toBe(201)
    expect(map.body.objectIds).toEqual([expect.stringMatching(/^map:/), 'root'])
    expect(map.body.channel).toBe(room)
    const counter = await post(room, { path: 'm.n', counterCreate: { count: 5 } }, how)
    const [id, parent] = counter.body.objectIds
    expect(parent).toBe(map.body.objectIds[0]!)
    await post(room, { objectId: id!, counterInc: { number: -2 } }, how)
    await post(room, { path: '', mapSet: { key: 'a.b', value: { json: '{"x":1}' } } }, how)
    expect((await get(`${room}/object`, how)).body).toEqual({ m: { n: 3 }, 'a.b': '{"x":1}' })
    expect((await get(`${room}/object?path=m.n`, how)).body).toBe(3)
    expect((await get(`${room}/object/${encodeURIComponent(parent!)}?path=n`, how)).body).toBe(3)
    expect((await get(`${room}/object?compact=false`, how)).body).toEqual({
      objectId: 'root',
      map: {
        semantics: 'LWW',
        entries: {
          m: {
            data: {
              objectId: parent,
              map: {
                semantics: 'LWW',
                entries: { n: { data: { objectId: id, counter: { data: { number: 3 } } } } },
              },
            },
          },
          'a.b': { data: { json: '{"x":1}' } },
        },
      },
    })
  })

  test('bytes are bytes where the format has them', async () => {
    const room = fresh()
    const bytes = binary ? new Uint8Array([1, 2]) : 'AQI='
    await post(room, { path: '', mapSet: { key: 'b', value: { bytes } } }, how)
    const read = (await get(`${room}/object?path=b`, how)).body
    expect(binary ? [...(read as Uint8Array)] : read).toEqual(binary ? [1, 2] : 'AQI=')
  })
})

test('the older way of writing operations means the same', async () => {
  const room = fresh()
  const older = (body: object) => app.ask<Done>(`/channels/${room}/objects`, { body })
  const data = { k: { string: 'v' }, n: { number: 1 } }
  const { body } = await older({ operation: 'MAP_CREATE', path: 'm', data })
  await older({ operation: 'COUNTER_CREATE', path: 'c', data: { number: 4 } })
  await older({ operation: 'COUNTER_INC', path: 'c', data: { number: 3 } })
  await older({ operation: 'MAP_REMOVE', objectId: body.objectIds[0]!, data: { key: 'n' } })
  await older({
    operation: 'MAP_SET',
    objectId: 'root',
    data: { key: 's', value: { boolean: false } },
  })
  expect((await get(`${room}/object`)).body).toEqual({ m: { k: 'v' }, c: 7, s: false })
})

test('what is shared is written out each time, and what holds itself is named', async () => {
  const room = fresh()
  const { body } = await post(room, { path: 'a', mapCreate: {} })
  const objectId = body.objectIds[0]!
  await post(room, { path: '', mapSet: { key: 'b', value: { objectId } } })
  await post(room, { path: 'a', mapSet: { key: 'self', value: { objectId } } })
  const itself = { self: { objectId } }
  expect((await get(`${room}/object`)).body).toEqual({ a: itself, b: itself })
})

test('a tree without end in breadth is refused', async () => {
  const room = fresh()
  let objectId: string | undefined
  for (let level = 0; level < 18; level++) {
    const entries =
      objectId === undefined ? {} : { l: { data: { objectId } }, r: { data: { objectId } } }
    objectId = (await post(room, { mapCreate: { entries } })).body.objectIds[0]!
  }
  await post(room, { path: '', mapSet: { key: 'top', value: { objectId } } })
  expect(codeOf(await get(`${room}/object`))).toBe(40_009)
  expect((await get(`${room}/object?path=top.l.l.l.l.l.l.l.l`)).status).toBe(200)
})

test('an operation that comes again with its id counts once', async () => {
  const room = fresh()
  await post(room, { path: 'c', counterCreate: {} })
  const first = await post(room, { id: 'once', path: 'c', counterInc: { number: 1 } })
  const again = await post(room, { id: 'once', path: 'c', counterInc: { number: 1 } })
  expect(again.body).toEqual(first.body)
  expect((await get(`${room}/object?path=c`)).body).toBe(1)
})

test('operations of one request are applied together, and told as one message', async () => {
  const room = fresh()
  const reader = await FrameClient.connected(server, `key=${encodeURIComponent(app.keys[0]!)}&v=6`)
  await reader.attach(room, { flags: 1 << 24 })
  await post(room, [
    { path: '', mapSet: { key: 'a', value: { number: 1 } } },
    { path: '', mapSet: { key: 'b', value: { number: 2 } } },
  ])
  const told = await reader.next(ACTION.OBJECT)
  expect((told['state'] as unknown[]).length).toBe(2)
  expect(told['connectionId']).toBeUndefined()
  const refused = await post(room, [
    { path: '', mapSet: { key: 'c', value: { number: 3 } } },
    { path: 'nowhere', counterInc: { number: 1 } },
  ])
  expect(codeOf(refused)).toBe(92_005)
  expect((await get(`${room}/object`)).body).toEqual({ a: 1, b: 2 })
  reader.terminate()
})

describe('what is refused', () => {
  test.each([
    ['no operation', {}, 92_000],
    ['two operations', { path: '', mapRemove: { key: 'k' }, mapSet: { key: 'k' } }, 92_000],
    ['no target', { mapRemove: { key: 'k' } }, 92_006],
    ['a path to nothing', { path: 'x', mapRemove: { key: 'k' } }, 92_005],
    ['a counter at the root', { path: '', counterInc: { number: 1 } }, 92_007],
    ['every key, for a creation', { path: '*', mapCreate: {} }, 92_007],
    ['an id without a nonce', { objectId: `map:${'a'.repeat(43)}@1`, mapCreate: {} }, 92_000],
    ['an id of another kind', { objectId: 'root', counterInc: { number: 1 } }, 92_000],
    ['no number', { path: '', mapSet: { key: 'k', value: { number: 'x' } } }, 40_013],
    ['an unknown older operation', { operation: 'MAP_SWAP', path: '' }, 92_000],
  ])('%s', async (_, body, code) => {
    expect(codeOf(await post('refused', body))).toBe(code)
  })

  test('reading what is not there', async () => {
    const id = encodeURIComponent(`map:${'a'.repeat(43)}@1`)
    const unknown = await get(`empty/object/${id}`)
    expect([unknown.status, codeOf(unknown)]).toEqual([404, 92_004])
    expect(codeOf(await get('empty/object?path=x'))).toBe(92_005)
    expect(codeOf(await get('empty/object?path=*'))).toBe(92_007)
    expect((await get('empty/object')).body).toEqual({})
    expect((await get('empty/objects')).status).toBe(400)
  })

  test('what the capability does not permit', async () => {
    const [, writer, reader, stranger] = app.keys
    const set = { path: '', mapSet: { key: 'k', value: { number: 1 } } }
    const codes = async (as: string) => {
      const [written, read] = [
        await post('rights', set, { as }),
        await get('rights/object', { as }),
      ]
      return [written, read].map((one) => (one.status < 300 ? one.status : codeOf(one)))
    }
    expect(await codes(writer!)).toEqual([201, 40_160])
    expect(await codes(reader!)).toEqual([40_160, 200])
    expect(await codes(stranger!)).toEqual([40_160, 40_160])
  })
})
