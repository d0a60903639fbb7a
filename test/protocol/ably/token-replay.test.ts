/** A signed token request is answered once, also over restarts. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { Handlers } from '../../../src/cluster/handlers.ts'
import { ok } from '../../../src/failure.ts'
import { NonceStore } from '../../../src/identity/nonce-store.ts'
import { parseTokenRequest } from '../../../src/identity/token-request.ts'
import { NONCE_KEPT_MS, TokenIssuer } from '../../../src/identity/token-issuer.ts'
import { AblyApp } from '../../support/ably-app.ts'
import { ServerProcess, runJson } from '../../cli/process.ts'
import { AblyApps, SECRET, macOf, outcome, value } from '../../identity/ably-apps.ts'
import { TestCluster } from '../../support/cluster.ts'
import { startTestServer, temporaryFolder } from '../../support/server.ts'
import { clockAt } from '../../support/clocks.ts'

const OVER_TLS = { secure: true, origin: null }

function signed(key: string, nonce: string, timestamp = Date.now()): string {
  const [keyName, secret] = key.split(':') as [string, string]
  const fields = [keyName, '', '', '', String(timestamp), nonce]
  const text = fields.map((field) => `${field}\n`).join('')
  const mac = createHmac('sha256', secret).update(text).digest('base64')
  return JSON.stringify({ keyName, timestamp, nonce, mac })
}

/** `201`, or the code of the refusal. */
async function send(url: string, body: string): Promise<number> {
  const { keyName } = JSON.parse(body) as { keyName: string }
  const answer = await fetch(`${url}/keys/${keyName}/requestToken`, { method: 'POST', body })
  const { error } = (await answer.json()) as { error?: { code: number } }
  return error?.code ?? answer.status
}

describe('an answered request is refused', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)('after a %s', async (signal) => {
    const folder = temporaryFolder()
    try {
      const data = ['--data', folder.path]
      const { key } = await runJson<{ key: string }>(['keys', 'add', ...data])
      const bodies = Array.from({ length: 20 }, (_, i) => signed(key, `nonce-${i}`))
      for (let round = 0; round < 3; round++) {
        const server = await ServerProcess.start(data)
        const answered = round === 0 ? 201 : 40105
        const codes = await Promise.all(bodies.map((body) => send(server.url, body)))
        // As soon as the last one is answered.
        server.signal(signal)
        await server.end()
        expect(new Set(codes)).toEqual(new Set([answered]))
      }
    } finally {
      folder.remove()
    }
  })

  test('without a data folder', async () => {
    const server = await ServerProcess.start(['--in-memory', '--sandbox'])
    try {
      const made = await fetch(`${server.url}/apps`, { method: 'POST', body: '{"keys":[{}]}' })
      const { keys } = (await made.json()) as { keys: { keyStr: string }[] }
      const body = signed(keys[0]!.keyStr, 'once')
      expect([await send(server.url, body), await send(server.url, body)]).toEqual([201, 40105])
    } finally {
      await server.end()
    }
  })
})

test('token and device requests count as requests of their key once verified', async () => {
  const server = await startTestServer({ sandbox: 'true', 'key-rate': '1', 'key-burst': '3' })
  try {
    const app = await AblyApp.make(server.url)
    const [key] = app.keys as [string]
    const other = await AblyApp.make(server.url)
    const forged = signed(key.replace(/:.*/, ':forged'), 'x')
    for (let i = 0; i < 5; i++) expect(await send(server.url, forged)).toBe(40101)
    const device = { id: 'd', platform: 'android', formFactor: 'phone' }
    const push = { recipient: { transportType: 'fcm', registrationToken: 'abc' } }
    const made = await app.ask<{ deviceIdentityToken: { token: string } }>(
      '/push/deviceRegistrations',
      { body: { ...device, push } },
    )
    const { token } = made.body.deviceIdentityToken
    // The rate refills by one a second, so some of many are refused.
    const codes: number[] = []
    for (let i = 0; i < 20; i++) codes.push(await send(server.url, signed(key, `n${i}`)))
    expect(codes.slice(0, 2)).toEqual([201, 201])
    expect(codes).toContain(42910)
    const path = '/push/deviceRegistrations/d'
    const asked = await Promise.all(Array.from({ length: 20 }, () => app.ask(path, { as: token })))
    expect(asked.map(({ status }) => status)).toContain(429)
    expect(await send(server.url, signed(other.keys[0]!, 'n'))).toBe(201)
  } finally {
    await server.end()
  }
})

describe('while a nonce is written', () => {
  let apps: AblyApps
  beforeAll(() => (apps = new AblyApps()))
  afterAll(() => apps.close())

  /** An issuer whose disk takes as long as the test says. */
  function slowly() {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const nonces = new NonceStore(NONCE_KEPT_MS, 10, { append: () => promise })
    const clock = clockAt(() => apps.now)
    const uses = { note: () => {} }
    const issuer = new TokenIssuer({
      directory: apps.directory,
      tokens: apps.tokens,
      uses,
      clock,
      nonces,
      once: () => ok(true),
    })
    const ask = (keyName: string, nonce: string) => {
      const mac = macOf([keyName, '', '', '', String(apps.now), nonce], SECRET)
      const body = JSON.stringify({ keyName, timestamp: apps.now, nonce, mac })
      return issuer.answer(keyName, value(parseTokenRequest(body)), undefined, OVER_TLS)
    }
    return { ask, resolve, reject }
  }

  test('it is not answered, and a repetition is refused', async () => {
    const { ask, resolve } = slowly()
    const first = ask('app1.root', 'a')
    expect(first).toBeInstanceOf(Promise)
    expect(outcome(await ask('app1.root', 'a'))).toBe('401/40105')
    resolve()
    expect(outcome(await first)).toBe('ok')
  })

  test('its key is checked again', async () => {
    const { ask, resolve } = slowly()
    const answers = [ask('app1.revocable', 'a'), ask('app1.narrow', 'a'), ask('app1.root', 'a')]
    apps.changeKey('app1', 'revocable', { status: 'revoked' })
    apps.changeKey('app1', 'narrow', { secret: apps.key('app1.rotated').sealedSecrets[1]! })
    resolve()
    const outcomes = (await Promise.all(answers)).map(outcome)
    expect(outcomes).toEqual(['401/40131', '401/40101', 'ok'])
  })

  test('and cannot be, it is not answered and may be repeated', async () => {
    const { ask, reject } = slowly()
    const first = ask('app1.root', 'b')
    reject()
    expect(outcome(await first)).toBe('500/50000')
    expect(ask('app1.root', 'b')).toBeInstanceOf(Promise)
  })
})

describe('among several nodes', () => {
  let apps: AblyApps
  beforeAll(() => (apps = new AblyApps()))
  afterAll(() => apps.close())

  function nodes() {
    const cluster = new TestCluster(() => apps.now)
    const clock = clockAt(() => apps.now)
    const { directory, tokens } = apps
    const issuers = ['a', 'b'].map((name) => {
      const node = cluster.join(name, new Handlers())
      const nonces = new NonceStore(NONCE_KEPT_MS)
      const once = (claim: string, keepMs: number) => node.once(claim, keepMs)
      return new TokenIssuer({ directory, tokens, uses: { note: () => {} }, clock, nonces, once })
    })
    const ask = async (at: number, nonce: string) => {
      const mac = macOf(['app1.root', '', '', '', String(apps.now), nonce], SECRET)
      const body = JSON.stringify({ keyName: 'app1.root', timestamp: apps.now, nonce, mac })
      const request = value(parseTokenRequest(body))
      return outcome(await issuers[at]!.answer('app1.root', request, undefined, OVER_TLS))
    }
    return { cluster, ask }
  }

  test('one of them answers it, and it is known to all', async () => {
    const { ask } = nodes()
    const both = await Promise.all([ask(0, 'a'), ask(1, 'a')])
    expect(both.toSorted()).toEqual(['401/40105', 'ok'])
    expect([await ask(0, 'a'), await ask(1, 'a')]).toEqual(['401/40105', '401/40105'])
    expect(await ask(1, 'b')).toBe('ok')
  })

  test('none answers while the others cannot be asked, and it may be sent again then', async () => {
    const { ask, cluster } = nodes()
    cluster.isAway = true
    expect(await ask(0, 'a')).toBe('503/50003')
    cluster.isAway = false
    expect(await ask(0, 'a')).toBe('ok')
    expect(await ask(1, 'a')).toBe('401/40105')
  })
})
