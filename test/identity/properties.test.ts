/** Properties of all tokens: none crashes the server, altered ones are refused, none exceeds its key. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Capability, canonicalText } from '../../src/policy/capability/capability.ts'
import { CapabilityChecker } from '../../src/policy/capability/checker.ts'
import { OPERATIONS } from '../../src/policy/capability/operations.ts'
import { AblyApps, jwt } from './ably-apps.ts'

let apps: AblyApps
beforeAll(() => (apps = new AblyApps()))
afterAll(() => apps.close())

const base64url = (text: string) => Buffer.from(text).toString('base64url')
const CODE = /^[A-Za-z0-9_-]$/

describe('any text', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.json().map(base64url),
    fc
      .record(
        {
          alg: fc.constantFrom('HS256', 'none', 1),
          kid: fc.constantFrom('app1.root', 'x', 1),
          'x-ably-token': fc.option(fc.string()),
        },
        { requiredKeys: [] },
      )
      .map((header) => base64url(JSON.stringify(header))),
    fc.constant('app1'),
  )
  const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.'))

  test('is refused as a token and as a key without an exception', async () => {
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.option(fc.string(), { nil: undefined }),
        async (given, clientId) => {
          expect((await apps.withToken(given, clientId)).ok).toBe(false)
          expect((await apps.withKey(given, clientId)).ok).toBe(false)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('an altered token is refused', () => {
  const edit = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('replace', 'insert', 'remove', 'cut'),
    letter: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }),
  })
  type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

  function alter(token: string, { at, kind, letter }: Edit): string {
    const i = at % token.length
    const tail = {
      replace: letter + token.slice(i + 1),
      insert: letter + token.slice(i),
      remove: token.slice(i + 1),
      cut: '',
    }
    return token.slice(0, i) + tail[kind as keyof typeof tail]
  }

  test('native', async () => {
    const { token } = apps.issue('app1.narrow', { clientId: 'ann' })
    await fc.assert(
      fc.asyncProperty(edit, async (change) => {
        const altered = alter(token, change)
        if (altered !== token) expect((await apps.withToken(altered)).ok).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  /** The signature in either alphabet and with padding, which does not change its meaning. */
  test('JWT', async () => {
    const token = await jwt({ 'x-ably-clientId': 'ann' })
    const plain = (text: string) =>
      text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
    await fc.assert(
      fc.asyncProperty(edit, async (change) => {
        const altered = alter(token, change)
        if (plain(altered) !== token) expect((await apps.withToken(altered)).ok).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  test('the last character of a signature has one form only', async () => {
    const token = await jwt({ 'x-ably-clientId': 'bob' })
    const counting = []
    for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if ((await apps.withToken(token.slice(0, -1) + letter)).ok) counting.push(letter)
    }
    expect(counting).toEqual([token.at(-1)!])
  })

  test('the last character of a native token has one form only', async () => {
    const alphabet = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
    const last = alphabet.filter((letter) => CODE.test(letter))
    for (const clientId of ['a', 'ab', 'abc']) {
      const { token } = apps.issue('app1.root', { clientId })
      const counting = []
      for (const letter of last) {
        const result = await apps.withToken(token.slice(0, -1) + letter)
        if (result.ok) counting.push(letter)
      }
      expect(counting).toEqual([token.at(-1)!])
    }
  })
})

describe('a token never permits more than its key', () => {
  const resource = fc.constantFrom(
    '*',
    'a',
    'a:*',
    'a:b',
    'a:*:c',
    'b',
    '[*]*',
    '[meta]*',
    '[meta]log',
  )
  const operations = fc.oneof(
    fc.constant(['*']),
    fc.uniqueArray(fc.constantFrom('publish', 'subscribe', 'history', 'presence'), {
      minLength: 1,
    }),
  )
  const capability = fc
    .dictionary(resource, operations, { minKeys: 1, maxKeys: 4 })
    .map((lines) => JSON.stringify(lines))
  const channels = ['a', 'a:b', 'a:x:c', 'b', 'z:z', '[meta]log', '[queue]q']

  test('whether native or JWT, issued before or after the key changed', async () => {
    await fc.assert(
      fc.asyncProperty(capability, capability, capability, async (first, then, wanted) => {
        apps.changeKey('app2', 'lone', { capability: first })
        const tokens = [
          await jwt({ 'x-ably-capability': wanted }, { kid: 'app2.lone' }),
          ...issued(wanted),
        ]
        for (const token of tokens) await expectWithin(token, apps.key('app2.lone').capability)
        apps.changeKey('app2', 'lone', { capability: then })
        for (const token of tokens) await expectWithin(token, apps.key('app2.lone').capability)
      }),
      { numRuns: 60 },
    )
  })

  /** Undefined if the key permits nothing of it. */
  function issued(wanted: string): string[] {
    try {
      return [apps.issue('app2.lone', { capability: wanted }).token]
    } catch {
      return []
    }
  }

  async function expectWithin(token: string, key: Capability): Promise<void> {
    const result = await apps.withToken(token)
    if (!result.ok) return expect(result.failure.name).toBe('capability_refused')
    const permitted = new CapabilityChecker(key)
    const { checker, capability: effective } = result.value
    expect(canonicalText(effective)).not.toBe('{}')
    for (const channel of channels) {
      for (const operation of OPERATIONS) {
        if (checker.permits(channel, operation))
          expect(permitted.permits(channel, operation)).toBe(true)
      }
    }
  }
})
