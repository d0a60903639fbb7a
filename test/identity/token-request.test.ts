/** `POST /keys/{keyName}/requestToken`: signed over literal texts or with the key, and all that is refused. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { type Result, ok } from '../../src/failure.ts'
import type { Credential } from '../../src/identity/credentials.ts'
import { NonceStore } from '../../src/identity/nonce-store.ts'
import type { TokenDetails } from '../../src/identity/token-issuer.ts'
import {
  type TokenRequest,
  parseTokenRequest,
  readTokenRequest,
} from '../../src/identity/token-request.ts'
import { AblyApps, OLD_SECRET, SECRET, START, macOf, outcome, value } from './ably-apps.ts'
import { momentAt } from '../support/clocks.ts'

const HOUR = 3_600_000

let apps: AblyApps
beforeAll(() => (apps = new AblyApps()))
afterAll(() => apps.close())
afterEach(() => void (apps.now = START))

let nonces = 0
const nonce = () => `nonce-number-${String((nonces += 1)).padStart(8, '0')}`

function answer(
  request: Result<TokenRequest>,
  path = 'app1.root',
  credential?: Credential,
): Result<TokenDetails> {
  const answered = request.ok
    ? apps.issuer.answer(path, request.value, credential, { secure: false, origin: null })
    : request
  // Without a log of nonces there is nothing to wait for.
  if (answered instanceof Promise) throw new Error('there is nothing to wait for')
  return answered
}

interface Fields {
  readonly keyName?: string
  readonly ttl?: string
  readonly capability?: string
  readonly clientId?: string
  readonly timestamp?: string
  readonly nonce?: string
}

/** The JSON text of a signed request in which ttl and timestamp stand as the digits given. */
function signed(fields: Fields, secret = SECRET, more = ''): string {
  const all = { keyName: 'app1.root', timestamp: String(apps.now), nonce: nonce(), ...fields }
  const order = ['keyName', 'ttl', 'capability', 'clientId', 'timestamp', 'nonce'] as const
  const mac = macOf(
    order.map((name) => all[name] ?? ''),
    secret,
  )
  const members = order.flatMap((name) => {
    const text = all[name]
    if (text === undefined) return []
    const raw = name === 'ttl' || name === 'timestamp'
    return [`"${name}":${raw ? text : JSON.stringify(text)}`]
  })
  return `{${[...members, `"mac":${JSON.stringify(mac)}`].join(',')}${more}}`
}

describe('a signed request', () => {
  test('gets the details of a valid token', async () => {
    const details = value(answer(parseTokenRequest(signed({ ttl: '5000', clientId: 'ann' }))))
    expect(details).toEqual({
      token: expect.stringMatching(/^app1\.[\w-]+$/),
      keyName: 'app1.root',
      issued: START,
      expires: START + 5000,
      capability: '{"*":["*"]}',
      clientId: 'ann',
    })
    expect(value(await apps.withToken(details.token)).clientId).toBe('ann')
  })

  test('needs only the signed members', () => {
    const details = value(answer(parseTokenRequest(signed({}))))
    expect(details.expires - details.issued).toBe(HOUR)
    expect('clientId' in details).toBe(false)
  })

  test('an Authorization header of another key and unknown members do not matter', () => {
    const credential = { kind: 'key', text: 'app2.lone:wrong' } as const
    const body = signed({}, SECRET, ',"queryTime":true,"nested":{"ttl":-1}')
    expect(outcome(answer(parseTokenRequest(body), 'app1.root', credential))).toBe('ok')
  })

  test('may be signed with the old secret, which is noted', () => {
    apps.uses.length = 0
    const body = signed({ keyName: 'app1.rotated' }, OLD_SECRET)
    expect(outcome(answer(parseTokenRequest(body), 'app1.rotated'))).toBe('ok')
    expect(apps.uses).toEqual(['app1.rotated 1'])
  })

  test.each([
    ['a power of ten', { ttl: '5e3' }],
    ['a fraction that is none', { ttl: '5000.0' }],
    ['digits beyond a double', { timestamp: `${START}.0000000000` }],
    ['texts of digits', { ttl: '"5000"', timestamp: `"${START}"` }],
  ])('is verified over the text as sent: %s', (_, fields) => {
    const texts = Object.fromEntries(
      Object.entries(fields).map(([name, text]) => [name, text.replaceAll('"', '')]),
    )
    const mac = macOf([
      'app1.root',
      texts['ttl'] ?? '',
      '',
      '',
      texts['timestamp'] ?? `${START}`,
      `nonce-of-its-own-${_}`,
    ])
    const body = `{"keyName":"app1.root","nonce":"nonce-of-its-own-${_}","timestamp":${START},${Object.entries(
      fields,
    )
      .map(([name, text]) => `"${name}":${text}`)
      .join(',')},"mac":"${mac}"}`
    expect(outcome(answer(parseTokenRequest(body)))).toBe('ok')
  })

  test('is verified over the capability as sent, canonical or not', () => {
    const capability = '{ "b": ["subscribe","publish"], "a":["*"] }'
    const details = value(answer(parseTokenRequest(signed({ capability }))))
    expect(details.capability).toBe('{"a":["*"],"b":["publish","subscribe"]}')
  })

  test('with a ttl of zero or null gets the default lifetime', () => {
    for (const ttl of ['0', '""', 'null']) {
      for (const text of ['0', '']) {
        if (ttl !== '0' && text === '0') continue
        const own = nonce()
        const mac = macOf(['app1.root', text, '', '', String(START), own])
        const body = `{"keyName":"app1.root","ttl":${ttl},"timestamp":${START},"nonce":"${own}","mac":"${mac}"}`
        const details = value(answer(parseTokenRequest(body)))
        expect(details.expires - details.issued).toBe(HOUR)
      }
    }
  })

  test('may come as MessagePack or a form', () => {
    for (const wrap of [String, Number, BigInt]) {
      const own = nonce()
      const mac = macOf(['app1.root', '5000', '', '', String(START), own])
      const members = { ttl: wrap(5000), timestamp: wrap(START), nonce: own, mac }
      const body = { keyName: 'app1.root', capability: null, ...members }
      expect(outcome(answer(readTokenRequest(body)))).toBe('ok')
    }
  })

  test.each([
    ['1', 1],
    ['123', 123],
    ['5000', 5000],
    ['100000', 100_000],
    ['86400000', 24 * HOUR],
  ])('with a ttl of %s gets exactly that lifetime', (ttl, expected) => {
    const details = value(answer(parseTokenRequest(signed({ ttl }))))
    expect(details.expires - details.issued).toBe(expected)
  })

  test.each([
    ['an unknown key in the path', () => signed({}), 'app1.other', '404/40400'],
    ['an unknown app in the path', () => signed({}), 'ablyjs.test', '404/40400'],
    ['another key in the path', () => signed({}), 'app1.narrow', '401/40101'],
    [
      'no key in the body',
      () => `{"timestamp":${START},"nonce":"${nonce()}","mac":"x"}`,
      'app1.root',
      '401/40101',
    ],
    ['a wrong secret', () => signed({}, 'another'), 'app1.root', '401/40101'],
    [
      'a mac of another length',
      () => signed({}).replace(/"mac":"[^"]*"/, '"mac":"x"'),
      'app1.root',
      '401/40101',
    ],
    ['a revoked key', () => signed({ keyName: 'app1.gone' }), 'app1.gone', '401/40131'],
    ['2 minutes ago', () => signed({ timestamp: String(START - 120_000) }), 'app1.root', 'ok'],
    ['longer ago', () => signed({ timestamp: String(START - 120_001) }), 'app1.root', '401/40104'],
    [
      '30 minutes ahead',
      () => signed({ timestamp: String(START + 1_800_000) }),
      'app1.root',
      '401/40104',
    ],
    ['no timestamp', () => signed({}).replace(/"timestamp":\d+,/, ''), 'app1.root', '400/40003'],
    ['a timestamp that is no number', () => signed({ timestamp: '"x"' }), 'app1.root', '400/40003'],
    ['a short nonce', () => signed({ nonce: 'x' }), 'app1.root', 'ok'],
    ['an empty nonce', () => signed({ nonce: '' }), 'app1.root', '400/40003'],
    ['no nonce', () => signed({}).replace(/"nonce":"[^"]*",/, ''), 'app1.root', '400/40003'],
    [
      'a nonce that is a number',
      () => signed({}).replace(/"nonce":"[^"]*"/, '"nonce":1'),
      'app1.root',
      '400/40003',
    ],
    ['ttl over a day', () => signed({ ttl: '86400001' }), 'app1.root', '400/40003'],
    ['ttl below zero', () => signed({ ttl: '-1' }), 'app1.root', '400/40003'],
    ['ttl no number', () => signed({ ttl: '"abc"' }), 'app1.root', '400/40003'],
    ['ttl an object', () => signed({ ttl: '{}' }), 'app1.root', '400/40003'],
    ['ttl a part of a millisecond', () => signed({ ttl: '1.5' }), 'app1.root', '400/40003'],
    [
      'an hour of a revocable key',
      () => signed({ keyName: 'app1.revocable', ttl: '3600000' }),
      'app1.revocable',
      'ok',
    ],
    [
      'more of a revocable key',
      () => signed({ keyName: 'app1.revocable', ttl: '3600001' }),
      'app1.revocable',
      '400/40003',
    ],
    ['capability not JSON', () => signed({ capability: '{' }), 'app1.root', '400/40000'],
    [
      'capability of no operation',
      () => signed({ capability: '{"a":[]}' }),
      'app1.root',
      '400/40000',
    ],
    ['capability an object', () => '{"capability":{"a":["*"]}}', 'app1.root', '400/40000'],
    [
      'capability beyond the key',
      () => signed({ keyName: 'app1.narrow', capability: '{"x":["*"]}' }),
      'app1.narrow',
      '401/40160',
    ],
    ['client id empty', () => signed({ clientId: '' }), 'app1.root', '400/40012'],
    ['client id a number', () => '{"clientId":1}', 'app1.root', '400/40012'],
    ['client id any', () => signed({ clientId: '*' }), 'app1.root', 'ok'],
    ['not JSON', () => '{', 'app1.root', '400/40000'],
    ['a list', () => '[]', 'app1.root', '400/40000'],
  ])('%s', (_, make, path, expected) => {
    const result = answer(parseTokenRequest(make()), path)
    expect(outcome(result)).toBe(expected)
    if (!result.ok) expect(result.failure.message).not.toContain(SECRET)
  })

  test('is answered once', () => {
    const body = signed({})
    expect(outcome(answer(parseTokenRequest(body)))).toBe('ok')
    expect(outcome(answer(parseTokenRequest(body)))).toBe('401/40105')
    apps.now = START + 119_999
    expect(outcome(answer(parseTokenRequest(body)))).toBe('401/40105')
    apps.now = START + 120_001
    expect(outcome(answer(parseTokenRequest(body)))).toBe('401/40104')
  })

  test('from a clock that is ahead is answered once as well', () => {
    const body = signed({ timestamp: String(START + 120_000) })
    expect(outcome(answer(parseTokenRequest(body)))).toBe('ok')
    for (const later of [0, 120_000, 239_999, 240_000]) {
      apps.now = START + later
      expect(outcome(answer(parseTokenRequest(body)))).toBe('401/40105')
    }
    apps.now = START + 240_001
    expect(outcome(answer(parseTokenRequest(body)))).toBe('401/40104')
  })

  const CODES = {
    keyName: '400/40003',
    ttl: '400/40003',
    capability: '400/40000',
    clientId: '400/40012',
    timestamp: '400/40003',
    nonce: '400/40003',
  } as const

  describe.each(Object.entries(CODES))('with a control character in %s', (name, code) => {
    const plain = { capability: '{"*":["*"]}', clientId: 'ann', ttl: '5000' }
    test.each(['\n', '\r', '\0', '\t', '\u007f', '\u0085', '\ud800'])(
      '%j is refused',
      (control) => {
        const fields = {
          ...plain,
          keyName: 'app1.root',
          timestamp: String(START),
          nonce: nonce(),
          [name]: `a${control}b`,
        }
        const mac = macOf([
          fields.keyName,
          fields.ttl,
          fields.capability,
          fields.clientId,
          fields.timestamp,
          fields.nonce,
        ])
        // As text, as the members of MessagePack or of a form, and with the number as it is sent there.
        for (const request of [
          parseTokenRequest(JSON.stringify({ ...fields, mac })),
          readTokenRequest({ ...fields, mac }),
        ]) {
          const result = answer(request)
          expect(outcome(result)).toBe(code)
          if (!result.ok)
            expect(result.failure.message).toMatch(/control character|half of a surrogate pair/)
        }
      },
    )
  })

  test('cannot be split differently from how it was signed', () => {
    const values = ['app1.root', '5000', '{"*":["*"]}', 'ann', String(START), 'x'.repeat(16)]
    // The part that an attacker could choose, and what it wants to append.
    for (const [at, more] of [
      [0, '\n60000'],
      [2, '\n*'],
      [3, `\n${START}\nnn`],
      [5, '\nyy'],
    ] as const) {
      const texts = values.with(at, values[at]! + more)
      const mac = macOf(texts)
      const pieces = texts.join('\n').split('\n')
      expect(pieces.length).toBeGreaterThan(values.length)
      for (let cut = 0; cut < values.length; cut++) {
        const surplus = pieces.length - values.length + 1
        const [keyName, ttl, capability, clientId, timestamp, own] = [
          ...pieces.slice(0, cut),
          pieces.slice(cut, cut + surplus).join('\n'),
          ...pieces.slice(cut + surplus),
        ]
        const fields = { keyName, ttl, capability, clientId, timestamp, nonce: own, mac }
        expect(outcome(answer(parseTokenRequest(JSON.stringify(fields))))).not.toBe('ok')
      }
    }
  })

  test('does not use up its nonce if it is refused', () => {
    const fields = { nonce: nonce() }
    expect(outcome(answer(parseTokenRequest(signed(fields, 'another'))))).toBe('401/40101')
    expect(outcome(answer(parseTokenRequest(signed(fields))))).toBe('ok')
  })
})

describe('a plain request', () => {
  const key = (text: string): Credential => ({ kind: 'key', text })
  test.each([
    ['with the key', key(`app1.root:${SECRET}`), 'ok'],
    ['with a wrong secret', key('app1.root:wrong'), '401/40101'],
    ['with another key', key(`app1.narrow:${SECRET}`), '401/40101'],
    ['with nothing', undefined, '401/40101'],
    ['with a token', { kind: 'token', text: 'app1.x' } as const, '401/40162'],
  ])('%s', (_, credential, expected) => {
    expect(outcome(answer(parseTokenRequest('{"ttl":5000}'), 'app1.root', credential))).toBe(
      expected,
    )
  })

  test('may omit everything', () => {
    const details = value(
      answer(parseTokenRequest('{}'), 'app1.narrow', key(`app1.narrow:${SECRET}`)),
    )
    expect(details.capability).toBe('{"news:*":["publish","subscribe"],"status":["history"]}')
  })

  test('is refused if it names another key', () => {
    const request = parseTokenRequest('{"keyName":"app1.narrow"}')
    expect(outcome(answer(request, 'app1.root', key(`app1.root:${SECRET}`)))).toBe('401/40101')
  })

  test('is refused if the app is disabled or expired', () => {
    const credential = key(`app2.lone:${SECRET}`)
    const ask = () => outcome(answer(ok(value(parseTokenRequest('{}'))), 'app2.lone', credential))
    apps.changeApp('app2', { tlsOnly: true })
    expect(ask()).toBe('403/40311')
    apps.changeApp('app2', { tlsOnly: false, status: 'disabled' })
    expect(ask()).toBe('401/40120')
    apps.changeApp('app2', { status: 'enabled' })
    expect(ask()).toBe('ok')
  })
})

describe('remembered nonces', () => {
  test('are forgotten in time and bounded for each key', () => {
    const store = new NonceStore(1000, 2)
    expect(store.remember('a', '1', momentAt(0))).toBe('new')
    expect(store.remember('a', '2', momentAt(500))).toBe('new')
    expect(store.remember('a', '3', momentAt(500))).toBe('full')
    expect(store.remember('a', '1', momentAt(1000))).toBe('seen')
    expect(store.remember('b', '1', momentAt(1000))).toBe('new')
    expect(store.remember('a', '3', momentAt(1001))).toBe('new')
    expect(store.size).toBe(3)
    expect(store.remember('a', '4', momentAt(9999))).toBe('new')
    expect(store.size).toBe(1)
  })

  test('are bounded in all, with a share for each app', () => {
    const store = new NonceStore(1000, 60, undefined, 100)
    const fill = (app: string, keys: number) => {
      let taken = 0
      for (let key = 0; key < keys; key++)
        while (store.remember(`${app}.${key}`, String(taken), momentAt(0)) === 'new') taken++
      return taken
    }
    // A single app with two keys of maximal size.
    expect(fill('greedy', 5)).toBeLessThanOrEqual(100)
    expect(fill('b', 5)).toBe(34)
    expect(fill('c', 5)).toBe(25)
    expect(fill('greedy', 5)).toBe(0)
    expect(store.size).toBeLessThanOrEqual(200)
    expect(store.remember('late.1', 'x', momentAt(0))).toBe('new')
  })
})
