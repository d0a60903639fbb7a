/** Devices are stored and read exactly as written, in both formats. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Packr, Unpackr } from 'msgpackr'
import { AblyApp, type ErrorBody } from '../../support/ably-app.ts'
import { eventually } from '../../support/client.ts'
import { Clients } from '../../support/ably.ts'
import { commonJson, objectText } from '../../support/json-texts.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

const packr = new Packr({ useRecords: false, largeBigIntToFloat: false })
const unpackr = new Unpackr({ int64AsType: 'bigint', mapsAsObjects: false })

let server: TestServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'key-rate': '0' })
  app = await AblyApp.make(server.url)
})
afterAll(async () => {
  clients.end()
  await server.end()
})

const DEVICES = '/push/deviceRegistrations'
let ids = 0
const fresh = () => `exact-${ids++}`

async function send(method: string, path: string, body?: string | Uint8Array, accept = 'json') {
  const answer = await fetch(server.url + path, {
    method,
    headers: {
      authorization: `Basic ${btoa(app.keys[0]!)}`,
      'content-type': typeof body === 'string' ? 'application/json' : 'application/x-msgpack',
      accept: accept === 'json' ? 'application/json' : 'application/x-msgpack',
      'x-ably-version': '6',
    },
    ...(body !== undefined && { body: new Uint8Array(Buffer.from(body)) }),
  })
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }
}

/** JSON in one line, as it is stored. */
const inLine = (text: string) => text.replaceAll(/[\r\n]/g, ' ').trim()

const recipientOf = (more: string) =>
  `{"transportType":"fcm","registrationToken":"x","more":${more}}`
const deviceText = (id: string, metadata: string, recipient: string) =>
  `{"id":"${id}","platform":"android","formFactor":"phone","metadata":${metadata},"push":{"recipient":${recipient}}}`

const OWN = '{"b":1.0,"2":9007199254740993,"a":-0,"b":1E2}'

describe('JSON', () => {
  test('comes back exactly as sent', async () => {
    const metadata = fc.oneof(
      commonJson,
      fc.array(fc.tuple(fc.constantFrom('"b"', '"10"', '"2"'), commonJson)).map(objectText),
    )
    await fc.assert(
      fc.asyncProperty(metadata, commonJson, async (meta, more) => {
        const id = fresh()
        const recipient = recipientOf(more)
        fc.pre(Buffer.byteLength(meta) < 4000 && Buffer.byteLength(recipient) < 4000)
        const made = await send('POST', DEVICES, deviceText(id, meta, recipient))
        expect(made.status).toBe(201)
        const told = [made, await send('GET', `${DEVICES}/${id}`)]
        for (const { bytes } of told) {
          expect(bytes.toString()).toContain(`"recipient":${inLine(recipient)}`)
          if (inLine(meta) !== 'null')
            expect(bytes.toString()).toContain(`"metadata":${inLine(meta)}`)
        }
      }),
      { numRuns: 40 },
    )
  })

  test.each(['PUT', 'PATCH'])('%s changes what it names and leaves the rest', async (method) => {
    const id = fresh()
    await send('POST', DEVICES, deviceText(id, OWN, recipientOf(OWN)))
    const whole = method === 'PUT'
    const body = whole
      ? deviceText(id, '{"n":[18446744073709551615]}', recipientOf(OWN))
      : '{"metadata":{"n":[18446744073709551615]}}'
    const changed = await send(method, `${DEVICES}/${id}`, body)
    expect(changed.status).toBe(200)
    const list = await send('GET', `${DEVICES}?deviceId=${id}`)
    for (const { bytes } of [changed, list]) {
      expect(bytes.toString()).toContain('"metadata":{"n":[18446744073709551615]}')
      expect(bytes.toString()).toContain(`"recipient":${recipientOf(OWN)}`)
    }
    const other = await send(
      'PATCH',
      `${DEVICES}/${id}`,
      `{"push":{"recipient":${recipientOf('[1.50]')}}}`,
    )
    expect(other.bytes.toString()).toContain(`"recipient":${recipientOf('[1.50]')}`)
    expect(other.bytes.toString()).toContain('"metadata":{"n":[18446744073709551615]}')
  })

  test('is read as MessagePack with the same numbers and order', async () => {
    const id = fresh()
    await send('POST', DEVICES, deviceText(id, OWN, recipientOf('[18446744073709551615,-0.0]')))
    const { bytes } = await send('GET', `${DEVICES}/${id}`, undefined, 'msgpack')
    const read = unpackr.unpack(bytes) as Map<string, Map<string, unknown>>
    expect([...read.get('metadata')!]).toEqual([
      ['b', 100],
      ['2', 9007199254740993n],
      ['a', -0],
    ])
    const recipient = read.get('push')!.get('recipient') as Map<string, unknown>
    expect(recipient.get('more')).toEqual([18446744073709551615n, -0])
  })
})

describe('MessagePack', () => {
  test('is read as JSON with all digits', async () => {
    const id = fresh()
    const body = packr.pack({
      id,
      platform: 'ios',
      formFactor: 'phone',
      metadata: { z: 9007199254740993n, a: 1.5 },
      push: { recipient: { transportType: 'apns', deviceToken: 'x', n: 18446744073709551615n } },
    })
    expect((await send('POST', DEVICES, body)).status).toBe(201)
    const text = (await send('GET', `${DEVICES}/${id}`)).bytes.toString()
    expect(text).toContain('"metadata":{"z":9007199254740993,"a":1.5}')
    expect(text).toContain('"n":18446744073709551615')
  })

  test.each<[string, unknown]>([
    ['a time', new Date(1_700_000_000_123)],
    ['bytes', Buffer.of(1, 2)],
    ['no number', Number.NaN],
  ])('%s, which JSON has not, is refused', async (_, value) => {
    const id = fresh()
    for (const [metadata, more] of [
      [{ a: value }, 1],
      [{}, value],
    ]) {
      const recipient = { transportType: 'fcm', registrationToken: 'x', more }
      const body = { id, platform: 'ios', formFactor: 'phone', metadata, push: { recipient } }
      const refused = await send('POST', DEVICES, packr.pack(body))
      expect(refused.status).toBe(400)
      expect((JSON.parse(refused.bytes.toString()) as ErrorBody).error.message).toContain(
        'JSON has not',
      )
    }
    expect((await send('GET', `${DEVICES}/${id}`)).status).toBe(404)
  })
})

test.each([
  ['{"n":1e400}', 'MessagePack has not the number 1e400'],
  ['{"n":"\\ud800"}', 'MessagePack has not half of a surrogate pair'],
])('values that MessagePack cannot express are refused: %s', async (own, words) => {
  const id = fresh()
  for (const body of [
    deviceText(id, own, recipientOf('1')),
    deviceText(id, '{}', recipientOf(own)),
  ]) {
    const refused = await send('POST', DEVICES, body)
    expect(refused.status).toBe(400)
    expect((JSON.parse(refused.bytes.toString()) as ErrorBody).error).toMatchObject({ code: 40000 })
    expect(refused.bytes.toString()).toContain(words)
  }
  expect((await send('GET', `${DEVICES}/${id}`)).status).toBe(404)
})

test('a part of more than 4 KiB is refused, with its size', async () => {
  const refused = await send(
    'POST',
    DEVICES,
    deviceText(fresh(), `"${'x'.repeat(4095)}"`, recipientOf('1')),
  )
  expect(refused.status).toBe(400)
  expect(refused.bytes.toString()).toContain('the metadata has 4097 bytes, more than 4096')
})

test('notifications arrive as sent', async () => {
  const heard: string[] = []
  const { channels } = await clients.connected()
  await channels.get('phone').subscribe(({ data }) => void heard.push(data as string))
  const recipient = `{"transportType":"ablyChannel","channel":"phone","ablyKey":"${app.keys[0]}"}`
  const body = `{"recipient":${recipient},"notification":{"title":"x","n":9007199254740993},"data":${OWN}}`
  expect((await send('POST', '/push/publish', body)).status).toBe(204)
  await eventually(() => heard.length === 1, 'it is heard')
  expect(heard[0]).toContain(`"data":${OWN}`)
  expect(heard[0]).toContain('"title":"x","n":9007199254740993')
})
