/** What an edit makes of a message, for any message and any edit. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { applyEdit, type VersionStamp } from '../../../src/core/channel/message-edit.ts'
import { messageSize } from '../../../src/core/channel/message-size.ts'
import type { KeptMessage, MessageEdit } from '../../../src/core/types.ts'

const created: KeptMessage = {
  id: 'pm:0',
  name: 'greeting',
  data: 'Hello',
  encoding: undefined,
  clientId: 'ann',
  connectionId: 'c1',
  extras: '{"headers":{"n":1}}',
  timestamp: 1_000,
  serial: '01000-000@a:000',
  action: 'create',
  version: { serial: '01000-000@a:000', timestamp: 1_000 },
  summary: '{"like:total.v1":{"total":1}}',
}
const stamp: VersionStamp = {
  serial: '02000-000@a:000',
  timestamp: 2_000,
  clientId: 'bob',
  id: 'pm2:0',
}

function edit(
  action: MessageEdit['action'],
  draft: Partial<MessageEdit['draft']>,
  version: MessageEdit['version'] = {},
): MessageEdit {
  const empty = {
    id: undefined,
    name: undefined,
    data: undefined,
    encoding: undefined,
    clientId: undefined,
    extras: undefined,
  }
  return { serial: created.serial, action, draft: { ...empty, ...draft }, version }
}

function edited(original: KeptMessage, change: MessageEdit, at = stamp, maxSize = Infinity) {
  const result = applyEdit(original, change, at, maxSize)
  if (!result.ok) throw new Error(result.failure.name)
  return result.value
}

const refusal = (original: KeptMessage, change: MessageEdit, maxSize = Infinity) => {
  const result = applyEdit(original, change, stamp, maxSize)
  return result.ok ? undefined : result.failure.name
}

describe('update and delete', () => {
  test.each(['update', 'delete'] as const)(
    '%s keeps the members that the edit leaves out',
    (action) => {
      const { delivered, stored } = edited(created, edit(action, { data: 'Bye' }))
      expect(delivered).toEqual(stored)
      expect(stored).toEqual({
        ...created,
        id: 'pm2:0',
        data: 'Bye',
        action,
        version: {
          serial: stamp.serial,
          timestamp: 2_000,
          clientId: 'bob',
          description: undefined,
          metadata: undefined,
        },
      })
      expect(edited(created, edit(action, {})).stored.data).toBe('Hello')
    },
  )

  test('an empty value replaces', () => {
    const { stored } = edited(created, edit('update', { name: '', data: '', extras: '{}' }))
    expect(stored).toMatchObject({ name: '', data: '', extras: '{}' })
    const bytes = edited(created, edit('update', { data: new Uint8Array() })).stored.data
    expect(bytes).toEqual(new Uint8Array())
  })

  test('an encoding is replaced together with its data', () => {
    const json = { ...created, data: '{"a":1}', encoding: 'json' }
    expect(edited(json, edit('update', { name: 'x' })).stored.encoding).toBe('json')
    expect(edited(json, edit('update', { data: 'plain' })).stored.encoding).toBeUndefined()
    const odd = edited(json, edit('update', { encoding: 'utf-8' })).stored
    expect(odd).toMatchObject({ data: '{"a":1}', encoding: 'json' })
  })

  test('a deleted message can be brought back', () => {
    const gone = edited(created, edit('delete', { data: '' })).stored
    expect(edited(gone, edit('update', { data: 'here' })).stored).toMatchObject({
      action: 'update',
      data: 'here',
      name: 'greeting',
    })
  })
})

describe('append', () => {
  test('delivers the fragment and keeps the whole, as an update', () => {
    const change = edit(
      'append',
      { data: ' World' },
      { description: 'more', metadata: '{"a":"b"}' },
    )
    const { delivered, stored } = edited(created, change)
    expect(delivered).toMatchObject({ action: 'append', data: ' World', name: 'greeting' })
    expect(stored).toMatchObject({ action: 'update', data: 'Hello World', name: 'greeting' })
    expect(delivered.version).toEqual(stored.version)
    expect(stored.version).toMatchObject({ description: 'more', metadata: '{"a":"b"}' })
    expect(delivered.summary).toBe(created.summary)
  })

  test('starts the data of a message that has none', () => {
    const bare = { ...created, data: undefined }
    const change = edit('append', { data: new Uint8Array([1]), encoding: 'utf-8' })
    expect(edited(bare, change).stored).toMatchObject({
      data: new Uint8Array([1]),
      encoding: 'utf-8',
    })
  })

  test('can leave the data alone', () => {
    const { delivered, stored } = edited(created, edit('append', { extras: '{}' }))
    expect(delivered).toMatchObject({ data: undefined, extras: '{}', action: 'append' })
    expect(stored).toMatchObject({ data: 'Hello', extras: '{}' })
  })

  test.each([
    ['bytes to text', created, { data: new Uint8Array([1]) }],
    ['text to bytes', { ...created, data: new Uint8Array([1]) }, { data: 'x' }],
    ['another encoding', created, { data: 'x', encoding: 'utf-8' }],
    ['JSON to JSON', { ...created, data: '1', encoding: 'json' }, { data: '2', encoding: 'json' }],
    ['JSON to nothing', { ...created, data: undefined }, { data: '{}', encoding: 'json' }],
    [
      'ciphertext',
      { ...created, data: new Uint8Array(32), encoding: 'utf-8/cipher+aes-256-cbc' },
      { data: new Uint8Array(32), encoding: 'utf-8/cipher+aes-256-cbc' },
    ],
  ])('refuses %s', (_, original, draft) => {
    expect(refusal(original, edit('append', draft))).toBe('append_mismatch')
  })
})

describe('the version', () => {
  test('names the client of the edit, or else the editor', () => {
    const named = edit('update', {}, { clientId: 'eve' })
    expect(edited(created, named).stored.version.clientId).toBe('eve')
    const nobody = { ...stamp, clientId: undefined }
    expect(edited(created, edit('update', {}), nobody).stored.version.clientId).toBeUndefined()
  })

  test('is later than its message and not before the last version, even if the clock goes back', () => {
    const early = { ...stamp, timestamp: 5 }
    const first = edited(created, edit('update', {}), early).stored
    expect(first.version.timestamp).toBe(1_001)
    const second = edited(first, edit('update', {}), { ...stamp, timestamp: 1_500 }).stored
    expect(edited(second, edit('delete', {}), early).stored.version.timestamp).toBe(1_500)
  })
})

describe('the limit', () => {
  const size = messageSize(created)

  test('counts the whole message', () => {
    expect(size).toBe('greeting'.length + 'Hello'.length + 'ann'.length + 19)
    expect(refusal(created, edit('append', { data: 'é' }), size + 1)).toBe('message_too_large')
    expect(refusal(created, edit('append', { data: 'é' }), size + 2)).toBeUndefined()
    expect(refusal(created, edit('update', { name: 'greetings' }), size)).toBe('message_too_large')
  })

  test('does not prevent deleting a message that exceeds it', () => {
    expect(refusal(created, edit('delete', {}), 1)).toBeUndefined()
    expect(refusal(created, edit('update', { data: 'Hi' }), 1)).toBeUndefined()
  })
})

describe('any sequence of edits', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 })
  const bytes = fc.uint8Array({ maxLength: 8 })
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
  const change = fc
    .record({
      action: fc.constantFrom('update' as const, 'delete' as const, 'append' as const),
      name: maybe(text),
      data: maybe(fc.oneof(text, bytes)),
      encoding: fc.constantFrom(undefined, undefined, 'utf-8', 'json'),
      extras: maybe(fc.constantFrom('{}', '{"headers":{}}')),
      clientId: maybe(text),
      version: fc.record(
        { clientId: text, description: text, metadata: fc.constant('{}') },
        { requiredKeys: [] },
      ),
      timestamp: fc.nat(5_000),
    })
    .map(({ action, version, timestamp, ...draft }) => ({
      change: edit(action, draft, version),
      timestamp,
    }))

  test('keeps the identity of the message, and readers arrive at the kept state', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.nat(40), (changes, room) => {
        const maxSize = messageSize(created) + room
        let latest = created
        let read = latest.data
        changes.forEach((item, i) => {
          const at = { ...stamp, timestamp: item.timestamp, serial: `03000-${100 + i}` }
          const before = structuredClone(latest)
          const result = applyEdit(latest, item.change, at, maxSize)
          expect(latest).toEqual(before)
          if (!result.ok) return
          const { delivered, stored } = result.value
          for (const state of [delivered, stored]) {
            const { serial, timestamp, clientId, connectionId, summary } = created
            expect(state).toMatchObject({ serial, timestamp, clientId, connectionId, summary })
            expect(state.version.serial > latest.version.serial).toBe(true)
            expect(state.version.timestamp).toBeGreaterThan(timestamp)
            expect(state.version.timestamp).toBeGreaterThanOrEqual(latest.version.timestamp)
          }
          expect(messageSize(stored)).toBeLessThanOrEqual(maxSize)
          read = delivered.action === 'append' ? together(read, delivered.data) : delivered.data
          expect(stored.data).toEqual(read!)
          const { name, extras } = item.change.draft
          expect(stored.name).toBe(name ?? latest.name)
          expect(stored.extras).toBe(extras ?? latest.extras)
          latest = stored
        })
      }),
      { numRuns: 500 },
    )
  })
})

function together(whole: KeptMessage['data'], part: KeptMessage['data']): KeptMessage['data'] {
  if (whole === undefined || part === undefined) return part ?? whole
  if (typeof whole === 'string' && typeof part === 'string') return whole + part
  return new Uint8Array(Buffer.concat([Buffer.from(whole), Buffer.from(part)]))
}
