/** What clients say on a socket: every kind of protocol message, and whatever else arrives. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { encode } from '../../../../src/protocol/ably/wire/format.ts'
import { readFrame } from '../../../../src/protocol/ably/wire/frame-reader.ts'
import { anything } from './arbitrary.ts'

describe.each(['json', 'msgpack'] as const)('in %s', (format) => {
  function read(value: unknown): unknown {
    const result = readFrame(encode(value, format))
    return result.ok ? result.value : result.failure.name
  }
  const params = (entries: Record<string, string> = {}) => new Map(Object.entries(entries))

  test.each<[string, object, object]>([
    ['heartbeat', { action: 0, id: 'x' }, { id: 'x' }],
    ['heartbeat', {}, { id: undefined }],
    ['heartbeat', { action: null, id: '', msgSerial: 0 }, { id: undefined }],
    ['disconnect', { action: 5 }, {}],
    ['close', { action: 7, msgSerial: 0 }, {}],
    ['auth', { action: 17, auth: { accessToken: 't' } }, { accessToken: 't' }],
    ['auth', { action: 17 }, { accessToken: undefined }],
    ['auth', { action: 17, auth: { accessToken: 5 } }, { accessToken: undefined }],
    ['auth', { action: 17, auth: 't' }, { accessToken: undefined }],
    [
      'attach',
      { action: 10, channel: 'c', flags: 1 << 18, channelSerial: 's', params: { rewind: '1' } },
      { channel: 'c', flags: 1 << 18, channelSerial: 's', params: params({ rewind: '1' }) },
    ],
    [
      'attach',
      { action: 10, msgSerial: 0 },
      { channel: '', flags: 0, channelSerial: undefined, params: params() },
    ],
    [
      'attach',
      {
        action: 10,
        channel: 'c',
        flags: 2 ** 40 + 5,
        params: { a: 1, b: true, c: null, d: [], e: '' },
      },
      {
        channel: 'c',
        flags: 5,
        channelSerial: undefined,
        params: params({ a: '1', b: 'true', e: '' }),
      },
    ],
    ['detach', { action: 12, channel: 'c' }, { channel: 'c' }],
    [
      'sync',
      { action: 16, channel: 'c', channelSerial: 's' },
      { channel: 'c', channelSerial: 's' },
    ],
    [
      'message',
      { action: 15, channel: 'c', msgSerial: 7, messages: [{ name: 'n' }], params: { x: 'y' } },
      { channel: 'c', msgSerial: 7, messages: [{ name: 'n' }], params: params({ x: 'y' }) },
    ],
    [
      'message',
      { action: 15, channel: 'c', msgSerial: 0 },
      { channel: 'c', msgSerial: 0, messages: undefined, params: params() },
    ],
    [
      'presence',
      { action: 14, channel: 'c', msgSerial: 1, presence: [{ action: 2 }] },
      { channel: 'c', msgSerial: 1, presence: [{ action: 2 }] },
    ],
    [
      'annotation',
      { action: 21, channel: 'c', msgSerial: 1, annotations: [{ type: 't' }] },
      { channel: 'c', msgSerial: 1, annotations: [{ type: 't' }] },
    ],
    [
      'object',
      { action: 19, channel: 'c', msgSerial: 1, state: [{}] },
      { channel: 'c', msgSerial: 1, state: [{}] },
    ],
    ['unknown', { action: 4 }, { action: 4 }],
    ['unknown', { action: 99, channel: 5 }, { action: 99 }],
    ['unknown', { action: -1 }, { action: -1 }],
  ])('%s: %j', (kind, sent, wanted) => expect(read(sent)).toEqual({ kind, ...wanted }))

  test.each<[string, unknown]>([
    ['nothing', null],
    ['a number', 5],
    ['a list', [{ action: 0 }]],
    ['text', 'x'],
    ['an action in words', { action: 'ATTACH' }],
    ['a channel that is no text', { action: 10, channel: 5 }],
    ['flags that are no whole number', { action: 10, channel: 'c', flags: 1.5 }],
    ['flags in words', { action: 10, channel: 'c', flags: '1' }],
    ['a publish without a serial', { action: 15, channel: 'c', messages: [] }],
    ['a publish with a serial below zero', { action: 15, channel: 'c', msgSerial: -1 }],
    ['a publish with a serial in words', { action: 14, channel: 'c', msgSerial: '1' }],
    ['a publish with half a serial', { action: 21, channel: 'c', msgSerial: 0.5 }],
    ['a publish to a number', { action: 15, channel: 5, msgSerial: 1 }],
  ])('refused: %s', (_, sent) => expect(read(sent)).toBe('bad_request'))

  test('gives a value for any input', () => {
    const action = fc.oneof(fc.integer({ min: -1, max: 25 }), anything)
    const members = fc.dictionary(
      fc.constantFrom('channel', 'flags', 'msgSerial', 'params', 'auth', 'messages', 'presence'),
      anything,
    )
    fc.assert(
      fc.property(action, members, (number, others) => {
        const result = readFrame(encode({ action: number, ...others }, format))
        if (result.ok) expect(result.value.kind).toBeString()
      }),
      { numRuns: 500 },
    )
  })
})

describe('bytes and texts of any kind', () => {
  test('are read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (frame) => {
        const result = readFrame(frame)
        if (!result.ok) expect(result.failure.name).toBe('bad_request')
      }),
      { numRuns: 500 },
    )
  })

  test('JSON may come in a binary frame too', () => {
    const text = '{"action":10,"channel":"straße"}'
    expect(readFrame(Buffer.from(text))).toEqual(readFrame(text))
    expect(readFrame(Buffer.from(text)).ok).toBe(true)
    for (const broken of ['{', '{"action":0}\u0000'])
      expect(readFrame(Buffer.from(broken)).ok).toBe(false)
    expect(readFrame(Buffer.from(text, 'latin1'))).toMatchObject({
      failure: { name: 'bad_request', message: 'this is not valid UTF-8' },
    })
  })

  test('a number in MessagePack is not a protocol message', () => {
    for (let byte = 0; byte < 0x80; byte++) expect(readFrame(Uint8Array.of(byte)).ok).toBe(false)
  })

  test.each([
    ['{'.repeat(100_000)],
    ['['.repeat(100_000)],
    [`{"action":15,"channel":"c","msgSerial":0,"messages":${'['.repeat(100_000)}`],
    [
      `{"action":15,"channel":"c","msgSerial":0,"messages":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    ],
    ['{"action":1e999}'],
    ['{"__proto__":{"action":15}}'],
  ])('hostile input is refused: %p', (text) => {
    expect(typeof readFrame(text).ok).toBe('boolean')
  })
})
