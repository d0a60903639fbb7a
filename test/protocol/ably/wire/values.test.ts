/** Messages, presence and annotations as the published client reads them, in both formats. */
import { describe, expect, test } from 'bun:test'
import Ably from 'ably'
import fc from 'fast-check'
import type { Annotation, KeptMessage, PresenceMessage } from '../../../../src/core/types.ts'
import { readData, writeData } from '../../../../src/protocol/ably/wire/data.ts'
import type { Format } from '../../../../src/protocol/ably/wire/format.ts'
import {
  annotationValue,
  messageValue,
  presenceValue,
} from '../../../../src/protocol/ably/wire/values.ts'
import { received } from './ably-client.ts'
import { annotation, message, payload, presence } from './arbitrary.ts'

const FORMATS = ['json', 'msgpack'] as const

const message1: KeptMessage = {
  id: 'c1:0:0',
  name: 'greeting',
  data: Uint8Array.of(1, 2),
  encoding: 'utf-8',
  clientId: 'ann',
  connectionId: 'c1',
  extras: '{"headers":{"n":1}}',
  timestamp: 1_700_000_000_000,
  serial: '01700000000000-000@a:000',
  action: 'update',
  version: {
    serial: '01700000000001-000@a:000',
    timestamp: 1_700_000_000_001,
    clientId: 'bob',
    description: 'typo',
    metadata: '{"why":"x"}',
  },
  summary: '{"like:total.v1":{"total":1}}',
}

/** What the data stands for. */
function meaning({ data, encoding }: Pick<KeptMessage, 'data' | 'encoding'>): unknown {
  const text = typeof data === 'string' ? data : data && new TextDecoder().decode(data)
  if (encoding?.startsWith('json')) return JSON.parse(text!) as unknown
  return encoding === 'utf-8' || typeof data === 'string' ? text : data && Buffer.from(data)
}

const parsed = (text: string | undefined) =>
  text === undefined ? undefined : (JSON.parse(text) as unknown)

/** Removes undefined members. */
const plain = (value: object) =>
  Object.fromEntries(
    Object.entries(value).filter(([, member]) => (member ?? undefined) !== undefined),
  )

describe.each(FORMATS)('in %s', (format) => {
  test('a message has exactly its members', () => {
    const json = { data: 'AQI=', encoding: 'utf-8/base64' }
    const msgpack = { data: Buffer.of(1, 2), encoding: 'utf-8' }
    expect(received(messageValue(message1, format), format)).toStrictEqual({
      id: 'c1:0:0',
      name: 'greeting',
      ...(format === 'json' ? json : msgpack),
      clientId: 'ann',
      connectionId: 'c1',
      timestamp: 1_700_000_000_000,
      extras: { headers: { n: 1 } },
      action: 1,
      serial: '01700000000000-000@a:000',
      version: {
        serial: '01700000000001-000@a:000',
        timestamp: 1_700_000_000_001,
        clientId: 'bob',
        description: 'typo',
        metadata: { why: 'x' },
      },
      annotations: { summary: { 'like:total.v1': { total: 1 } } },
    })
  })

  test('absent members are left out', () => {
    const { id, timestamp, serial } = message1
    const nothing = { name: undefined, data: undefined, encoding: undefined, extras: undefined }
    const nobody = { clientId: undefined, connectionId: undefined, summary: undefined }
    const bare: KeptMessage = {
      id,
      timestamp,
      serial,
      ...nothing,
      ...nobody,
      action: 'create',
      version: { serial, timestamp },
    }
    expect(received(messageValue(bare, format), format)).toStrictEqual({
      id,
      timestamp,
      serial,
      action: 0,
    })
    const empty = received(messageValue({ ...bare, name: '', data: '' }, format), format)
    expect(empty).toMatchObject({ name: '', data: '' })
    expect(empty).not.toHaveProperty('encoding')
  })

  test('the client reads any message unchanged', () =>
    fc.assert(
      fc.asyncProperty(message, async (kept) => {
        const read = await Ably.Realtime.Message.fromEncoded(
          received(messageValue(kept, format), format),
        )
        const { version, summary } = kept
        expect(plain(read)).toEqual(
          plain({
            ...kept,
            action: kept.action === 'meta' ? 'meta' : `message.${kept.action}`,
            data: meaning(kept),
            encoding: undefined,
            extras: parsed(kept.extras),
            version: plain({ ...version, metadata: parsed(version.metadata) }),
            summary: undefined,
            annotations: { summary: parsed(summary) ?? {} },
          }),
        )
      }),
    ))

  test('the client reads any presence unchanged', () =>
    fc.assert(
      fc.asyncProperty(presence, async (kept: PresenceMessage) => {
        const read = await Ably.Realtime.PresenceMessage.fromEncoded(
          received(presenceValue(kept, format), format),
        )
        expect(plain(read)).toEqual(
          plain({
            ...kept,
            data: meaning(kept),
            encoding: undefined,
            extras: parsed(kept.extras),
          }),
        )
      }),
    ))

  test('the client reads any annotation unchanged', () =>
    fc.assert(
      fc.asyncProperty(annotation, async (kept: Annotation) => {
        const read = await Ably.Realtime.Annotation.fromEncoded(
          received(annotationValue(kept, format), format),
        )
        expect(plain(read)).toEqual(
          plain({
            ...kept,
            action: `annotation.${kept.action}`,
            data: meaning(kept),
            encoding: undefined,
            extras: parsed(kept.extras),
          }),
        )
      }),
    ))
})

describe('data', () => {
  const through = (kept: Parameters<typeof writeData>[0], format: Format) => {
    const { data, encoding } = received(writeData(kept, format), format)
    const result = readData(data, encoding)
    if (!result.ok) throw new Error(result.failure.name)
    return result.value
  }
  const normal = ({ data, encoding }: Parameters<typeof writeData>[0]) => ({
    data: typeof data === 'string' ? data : data && [...data],
    encoding,
  })

  test.each(FORMATS)('comes back unchanged from %s', (format) => {
    fc.assert(
      fc.property(payload, (kept) => expect(normal(through(kept, format))).toEqual(normal(kept))),
    )
  })

  test.each([
    ['', 'base64', undefined],
    ['AAECAwQFBgcICQ==', 'base64', undefined],
    ['+/9/AP8=', 'json/utf-8/cipher+aes-256-cbc/base64', 'json/utf-8/cipher+aes-256-cbc'],
  ])('in base64 is bytes in MessagePack, and the same text in JSON: %j', (data, encoding, kept) => {
    const result = readData(data, encoding)
    if (!result.ok) throw new Error(result.failure.name)
    expect(writeData(result.value, 'json')).toEqual({ data, encoding })
    expect(writeData(result.value, 'msgpack')).toEqual({
      data: Buffer.from(data, 'base64'),
      encoding: kept,
    })
  })

  test.each(FORMATS)('with an unknown encoding is passed on unchanged, in %s', (format) => {
    for (const kept of [
      { data: 'AQI', encoding: 'base64' },
      { data: 'text', encoding: 'json/utf-8' },
      { data: 'x', encoding: 'base64/made-up' },
    ])
      expect(writeData(kept, format)).toEqual(kept)
  })
})
