/** What clients say about presence. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ablyCode } from '../../../../src/protocol/ably/errors/codes.ts'
import { readPresence } from '../../../../src/protocol/ably/wire/presence-reader.ts'
import { anything, asSent } from './arbitrary.ts'

const LIMITS = { maxMessageBytes: 100, maxMessages: 2 }
const CONTEXT = { connectionId: 'mine', limits: LIMITS }

function read(value: unknown, defaultClientId?: string) {
  const result = readPresence(asSent(value), defaultClientId, CONTEXT)
  return result.ok ? result.value : ablyCode(result.failure.name)
}

describe('presence', () => {
  test('is read for oneself and for others', () => {
    const extras = { headers: { a: 1 }, locks: [{ id: 'x', status: 'pending' }] }
    expect(
      read(
        [
          { action: 2, data: { a: 1 }, connectionId: 'mine' },
          { action: 3, id: 'mine:0:0', clientId: 'other', data: 'bye', encoding: 'x', extras },
        ],
        'me',
      ),
    ).toEqual([
      {
        action: 'enter',
        id: undefined,
        clientId: 'me',
        data: '{"a":1}',
        encoding: 'json',
        extras: undefined,
      },
      {
        action: 'leave',
        id: 'mine:0:0',
        clientId: 'other',
        data: 'bye',
        encoding: 'x',
        extras: JSON.stringify(extras),
      },
    ])
    expect(read({ action: 4 }, 'me')).toMatchObject([{ action: 'update', clientId: 'me' }])
    const ofTheServer = { userClaim: 'admin', x: 1 }
    expect(read({ action: 4, extras: ofTheServer }, 'me')).toMatchObject([{ extras: '{"x":1}' }])
  })

  test.each<[string, unknown, number]>([
    ['nothing', undefined, 40000],
    ['an empty list', [], 40000],
    ['of nobody', { action: 2 }, 40012],
    ['of an empty client id', { action: 2, clientId: '' }, 40012],
    ['of everybody', { action: 2, clientId: '*' }, 40012],
    ['absence', { clientId: 'a' }, 40000],
    ['what only the server says', { action: 1, clientId: 'a' }, 40000],
    ['of an unknown action', { action: 5, clientId: 'a' }, 40000],
    ['on the connection of another', { action: 2, clientId: 'a', connectionId: 'x' }, 40006],
    ['with a number for data', { action: 2, clientId: 'a', data: 1 }, 40013],
    ['with extras that are no object', { action: 2, clientId: 'a', extras: [1] }, 40032],
    ['with an empty id', { action: 2, clientId: 'a', id: '' }, 40031],
    ['of too many', [0, 1, 2].map((n) => ({ action: 2, clientId: `${n}` })), 40034],
  ])('is not %s', (_, sent, code) => expect(read(sent)).toBe(code))

  test('is accepted without a context', () => {
    const sent = [0, 1, 2].map((n) => ({
      action: 2,
      clientId: `${n}`,
      data: 'x'.repeat(100),
      connectionId: 'x',
    }))
    expect(readPresence(sent, undefined)).toMatchObject({ ok: true })
  })

  test('gives a value for any input', () => {
    fc.assert(
      fc.property(anything, (sent) => {
        const result = readPresence(sent, 'me')
        if (result.ok) for (const { clientId } of result.value) expect(clientId).not.toBe('')
      }),
      { numRuns: 500 },
    )
  })
})
