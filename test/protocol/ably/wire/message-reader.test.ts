/** What clients publish: every rule about a message, in the form of a table, and no harm from anything else. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { FailureName, Result } from '../../../../src/failure.ts'
import { ablyCode } from '../../../../src/protocol/ably/errors/codes.ts'
import { readEdit, readMessages } from '../../../../src/protocol/ably/wire/message-reader.ts'
import { anything, asSent } from './arbitrary.ts'

const LIMITS = { maxMessageBytes: 100, maxMessages: 3 }

function read(value: unknown, limits = LIMITS) {
  const result = readMessages(asSent(value), limits)
  if (!result.ok) throw new Error(result.failure.name)
  return result.value
}

const draft = (value: unknown) => read(value).drafts[0]!

function refused(result: Result<unknown>): FailureName | undefined {
  return result.ok ? undefined : result.failure.name
}

const codeOf = (value: unknown) => {
  const name = refused(readMessages(asSent(value), LIMITS))
  return name && ablyCode(name)
}

const DATA = { id: undefined, name: undefined, clientId: undefined, extras: undefined }

describe('a message', () => {
  test('has what its publisher set', () => {
    const extras = { headers: { n: 1, s: 'x', b: true, none: null }, ref: { type: 'a' } }
    const sent = { id: 'i', name: 'n', data: 'd', encoding: 'x/y', clientId: 'c', extras }
    expect(read({ ...sent, timestamp: 5, serial: 's', whatever: {} })).toEqual({
      drafts: [{ ...sent, extras: JSON.stringify(extras) }],
      edits: [],
      batchId: 'i',
      connectionKeys: [undefined],
      connectionIds: [undefined],
      ephemeral: false,
      privileged: false,
      bytes: 'ndc'.length + JSON.stringify(extras).length,
    })
  })

  test.each([
    ['without members', {}],
    ['with nulls, as JSON bodies have them', { id: null, name: null, data: null, extras: null }],
    ['with an encoding of nothing', { encoding: 'json' }],
    ['with what the client means by undefined', { data: undefined, connectionKey: undefined }],
  ])('%s is not a message', (_, sent) => {
    expect(draft(sent)).toEqual({ ...DATA, data: undefined, encoding: undefined })
  })

  test('keeps empty texts', () => {
    expect(draft({ name: '', data: '', encoding: '' })).toEqual({
      ...DATA,
      name: '',
      data: '',
      encoding: undefined,
    })
  })

  test('has the connection it is published for', () => {
    const { connectionKeys, connectionIds } = read([{ connectionKey: 'k' }, { connectionId: 'c' }])
    expect(connectionKeys).toEqual(['k', undefined])
    expect(connectionIds).toEqual([undefined, 'c'])
  })

  test.each<[string, unknown, number]>([
    ['nothing', undefined, 40000],
    ['text', 'hello', 40000],
    ['bytes', Uint8Array.of(1), 40000],
    ['an empty list', [], 40000],
    ['a list in a list', [[{}]], 40000],
    ['a list with a hole', [{}, null], 40000],
    ['an id that is no text', { id: 1 }, 40031],
    ['an empty id', { id: '' }, 40031],
    ['a long id', { id: 'x'.repeat(1025) }, 40031],
    ['a name that is no text', { name: 5 }, 40016],
    ['a client id that is no text', { clientId: 5 }, 40012],
    ['an empty client id', { clientId: '' }, 40012],
    ['the wildcard for a client id', { clientId: '*' }, 40012],
    ['a connection id that is no text', { connectionId: {} }, 40006],
    ['a connection key that is no text', { connectionKey: 1 }, 40006],
    ['an action that only the server takes', { action: 4, serial: 's' }, 40000],
    ['an action that is none', { action: 6 }, 40000],
    ['an action in words', { action: 'message.create' }, 40000],
  ])('is not %s', (_, sent, code) => expect(codeOf(sent)).toBe(code))
})

describe('data', () => {
  test.each<[string, object, object]>([
    ['text', { data: 'x' }, { data: 'x', encoding: undefined }],
    ['bytes', { data: Uint8Array.of(1) }, { data: Uint8Array.of(1), encoding: undefined }],
    ['an object', { data: { b: 1, a: [] } }, { data: '{"b":1,"a":[]}', encoding: 'json' }],
    ['a list', { data: [1, null] }, { data: '[1,null]', encoding: 'json' }],
    ['bytes in base64', { data: 'AQI=', encoding: 'base64' }, { data: Uint8Array.of(1, 2) }],
    [
      'bytes in base64 of several lines',
      { data: 'AQ\nI=\n', encoding: 'base64' },
      { data: Uint8Array.of(1, 2) },
    ],
    ['no bytes in base64', { data: '', encoding: 'base64' }, { data: Uint8Array.of() }],
    [
      'ciphertext',
      { data: 'AQI=', encoding: 'utf-8/cipher+aes-256-cbc/base64' },
      { data: Uint8Array.of(1, 2), encoding: 'utf-8/cipher+aes-256-cbc' },
    ],
  ])('is %s', (_, sent, kept) => {
    const { data, encoding } = draft(sent)
    const plain = data instanceof Uint8Array ? Uint8Array.from(data) : data
    expect<object>({ data: plain, encoding }).toEqual({ encoding: undefined, ...kept })
  })

  test.each([
    ['without its padding', 'AQI', 'base64'],
    ['with a space', 'AQ I=', 'base64'],
    ['in the other alphabet', '-_8=', 'base64'],
    ['with bits that stand for nothing', 'AQJ=', 'base64'],
    ['that is none', 'hello!', 'json/base64'],
    ['with another step after it', 'AQI=', 'base64/x'],
    ['that only ends like it', 'AQI=', 'xbase64'],
    ['of something else altogether', '{"a": 1}', 'json/utf-8'],
  ])('of invalid base64 is kept: %s', (_, data, encoding) => {
    expect(draft({ data, encoding })).toMatchObject({ data, encoding })
  })

  test.each<[string, object, number]>([
    ['a number', { data: 5 }, 40013],
    ['true', { data: true }, 40013],
    ['an object with an encoding', { data: {}, encoding: 'json' }, 40013],
    ['an object with bytes in it', { data: { a: [Uint8Array.of(1)] } }, 40013],
    ['text with an encoding that is no text', { data: 'x', encoding: 1 }, 40013],
    ['text with an endless encoding', { data: 'x', encoding: 'x/'.repeat(200) }, 40013],
    ['nested too deeply', { data: JSON.parse('['.repeat(65) + ']'.repeat(65)) as unknown }, 40013],
  ])('is not %s', (_, sent, code) => expect(codeOf(sent)).toBe(code))

  test('may be nested 64 levels deep', () => {
    const text = '['.repeat(64) + ']'.repeat(64)
    expect(
      read({ data: JSON.parse(text) }, { ...LIMITS, maxMessageBytes: 1000 }).drafts[0],
    ).toMatchObject({
      data: text,
      encoding: 'json',
    })
  })
})

describe('extras', () => {
  test.each([
    ['{"push":{"notification":{"title":"x","n":[1]}}}'],
    ['{"ref":{"type":"com.example","timeserial":"1@2"},"headers":{}}'],
    ['{"ai":{"transport":{"id":"1"}},"privileged":[1]}'],
    ['{"headers":{"__proto__":1,"b":2,"a":1.5}}'],
    ['{"ephemeral":false,"headers":null}'],
    ['{}'],
  ])('are kept: %s', (text) => {
    expect(draft({ extras: JSON.parse(text) as unknown }).extras).toBe(text)
  })

  test.each([
    ['{"delta":{"from":"x","format":"vcdiff"},"userClaim":"admin"}', undefined],
    ['{"userClaim":"admin","headers":{"a":1},"delta":1}', '{"headers":{"a":1}}'],
  ])('lose members that only the server sets: %s', (text, kept) => {
    expect(draft({ extras: JSON.parse(text) as unknown }).extras).toBe(kept)
  })

  test.each<[string, unknown]>([
    ['text', '{}'],
    ['a list', []],
    ['bytes', Uint8Array.of(1)],
    ['an unknown member', { header: {} }],
    ['a member named as what all objects have', { constructor: 1 }],
    ['a member named as the prototype', JSON.parse('{"__proto__":{"headers":{}}}')],
    ['headers that are a list', { headers: [] }],
    ['headers with a list', { headers: { a: [] } }],
    ['headers with an object', { headers: { a: {} } }],
    ['a push that is no object', { push: true }],
    ['a ref that is no object', { ref: 'x' }],
    ['a word for ephemeral', { ephemeral: 'yes' }],
    ['bytes inside', { push: { a: Uint8Array.of(1) } }],
    ['endless depth', { ai: JSON.parse('['.repeat(65) + ']'.repeat(65)) as unknown }],
  ])('are not %s', (_, extras) => expect(codeOf({ extras })).toBe(40032))

  test('make a message ephemeral', () => {
    expect(read({ extras: { ephemeral: true } }).ephemeral).toBe(true)
    expect(read([{ extras: { ephemeral: true } }, { extras: { ephemeral: true } }]).ephemeral).toBe(
      true,
    )
    expect(codeOf([{ extras: { ephemeral: true } }, {}])).toBe(40032)
    expect(codeOf([{}, { extras: { ephemeral: true } }])).toBe(40032)
  })

  test('say whether a privilege is needed', () => {
    expect(read([{}, { extras: { privileged: { a: 1 } } }]).privileged).toBe(true)
    expect(read({ extras: { privileged: null } }).privileged).toBe(false)
  })
})

describe('several messages', () => {
  const ids = (...all: (string | undefined)[]) => all.map((id) => ({ id }))

  test.each([
    [ids(undefined, undefined), undefined],
    [ids('a+/=:0', 'a+/=:1', 'a+/=:2'), 'a+/='],
    [ids('a:1:0', 'a:1:1'), 'a:1'],
    [ids('a:0'), 'a:0'],
    [ids('foo'), 'foo'],
  ])('may have ids with one base: %j', (sent, wanted) => {
    expect(read(sent).batchId).toBe(wanted)
  })

  test.each([
    [ids('a:0', 'b:1')],
    [ids('a:1', 'a:2')],
    [ids('a:0', 'a:2')],
    [ids('a:0', undefined)],
    [ids(undefined, 'a:1')],
    [ids('a', 'a')],
    [ids(':0', ':1')],
    [ids('a:0', 'a:01')],
  ])('have no other ids: %j', (sent) => expect(codeOf(sent)).toBe(40031))

  test('are limited in number', () => {
    expect(read([{}, {}, {}]).drafts).toHaveLength(3)
    expect(codeOf([{}, {}, {}, {}])).toBe(40034)
  })

  test.each<[string, (length: number) => unknown]>([
    ['name', (length) => ({ name: 'é'.repeat(length / 2) })],
    ['client id', (length) => ({ clientId: 'x'.repeat(length) })],
    ['text', (length) => ({ data: 'x'.repeat(length) })],
    ['bytes', (length) => ({ data: new Uint8Array(length) })],
    ['bytes, before base64', (length) => ({ data: btoa('x'.repeat(length)), encoding: 'base64' })],
    ['JSON', (length) => ({ data: ['x'.repeat(length - 4)] })],
    ['extras', (length) => ({ extras: { headers: { a: 'x'.repeat(length - 20) } } })],
    ['together', (length) => [{ name: 'x' }, { data: 'x'.repeat(length - 1) }]],
  ])('are measured as limits measure them: %s', (_, sized) => {
    expect(read(sized(100)).bytes).toBe(100)
    expect(read(sized(102)).bytes).toBe(102)
  })
})

describe('a change of a message', () => {
  const version = { clientId: 'c', description: 'typo', metadata: { b: 1, a: { c: [] } } }

  test.each([
    [1, 'update'],
    [2, 'delete'],
    [5, 'append'],
  ] as const)('is recognised by action %p: %s', (action, name) => {
    const sent = {
      action,
      serial: 's',
      data: 'x',
      extras: {},
      version: { ...version, serial: 'no' },
    }
    const edit = {
      serial: 's',
      action: name,
      draft: { ...DATA, data: 'x', encoding: undefined, extras: '{}' },
      version: { ...version, metadata: '{"b":1,"a":{"c":[]}}' },
    }
    expect(read(sent)).toMatchObject({ drafts: [], edits: [edit] })
    expect(readEdit(asSent(sent))).toEqual({ ok: true, value: edit } as never)
  })

  test('has its serial from the path, the body, or the same in both', () => {
    const serial = (sent: object, known?: string) => {
      const result = readEdit({ action: 1, ...sent }, known)
      return result.ok ? result.value.serial : result.failure.name
    }
    expect(serial({}, 'p')).toBe('p')
    expect(serial({ serial: 'p' }, 'p')).toBe('p')
    expect(serial({ serial: 'b' })).toBe('b')
    expect(serial({ serial: 'b' }, 'p')).toBe('parameter_invalid')
    expect(serial({})).toBe('parameter_invalid')
    expect(serial({ serial: '' })).toBe('parameter_invalid')
    expect(serial({ serial: 5 }, '5')).toBe('parameter_invalid')
  })

  test.each<[string, unknown, number]>([
    ['a creation', {}, 40003],
    ['no object', 'x', 40000],
    ['a version in words', { action: 1, version: 'x' }, 40000],
    ['a wildcard in its version', { action: 1, version: { clientId: '*' } }, 40012],
    ['a number for a description', { action: 1, version: { description: 5 } }, 40000],
    ['text for metadata', { action: 1, version: { metadata: 'x' } }, 40000],
    ['endless metadata', { action: 1, version: { metadata: { a: 'x'.repeat(20_000) } } }, 40000],
  ])('is not %s', (_, sent, code) => {
    expect(ablyCode(refused(readEdit(asSent(sent), 's'))!)).toBe(code)
  })

  test('cannot be sent with new messages', () => {
    expect(codeOf([{}, { action: 1, serial: 's' }])).toBe(40000)
    expect(
      read([
        { action: 1, serial: 's' },
        { action: 2, serial: 't' },
      ]).edits,
    ).toHaveLength(2)
  })
})

test('gives a value for any input', () => {
  fc.assert(
    fc.property(anything, (sent) => {
      const result = readMessages(sent, LIMITS)
      readEdit(sent)
      if (!result.ok) return
      for (const { data, extras } of result.value.drafts) {
        if (extras !== undefined) JSON.parse(extras)
        expect(['undefined', 'string', 'object']).toContain(typeof data)
      }
    }),
    { numRuns: 2000 },
  )
})
