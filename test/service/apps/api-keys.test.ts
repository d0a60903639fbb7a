/** API keys: what they permit, rotation with an overlap, revocation, and that secrets stay secret. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../../../src/service/apps/apps.ts'
import { explainKey } from '../../../src/service/explanations/key-explanation.ts'
import type { Services } from '../../../src/service/services.ts'
import { Opened, failureOf, must } from '../opened.ts'

let opened: Opened
let services: Services
let app: App
beforeEach(() => {
  opened = new Opened()
  services = opened.services
  app = must(services.apps.find(undefined))
})
afterEach(() => opened.end())

const secretOf = (whole: string) => whole.slice(whole.indexOf(':') + 1)

describe('a new key', () => {
  test('may do everything unless it is told otherwise', () => {
    const { key, whole } = must(services.apiKeys.add(app, {}))
    expect(key).toMatchObject({ capability: '{"*":["*"]}', revocableTokens: false, name: '' })
    expect(whole).toMatch(/^[A-Za-z0-9]{6}\.[A-Za-z0-9]{6}:[A-Za-z0-9]{43}$/)
    expect(whole).toStartWith(`${key.keyName}:`)
    expect(services.apiKeys.whole(key)).toBe(whole)
  })

  test('keeps its capability as it was given', () => {
    const capability = { capability: { b: ['subscribe', 'publish'], a: ['*'] } }
    const { key } = must(
      services.apiKeys.add(app, { name: 'ci', capability, revocableTokens: true }),
    )
    expect(key.capability).toBe('{"b":["subscribe","publish"],"a":["*"]}')
    expect(key.revocableTokens).toBe(true)
    const refused = services.apiKeys.add(app, { capability: { capability: { a: ['fly'] } } })
    expect(failureOf(refused)).toBe('capability_invalid')
    expect(failureOf(services.apiKeys.add(app, { name: 'a\nb' }))).toBe('invalid')
  })

  test('is encrypted on disk', () => {
    const { whole } = must(services.apiKeys.add(app, {}))
    services.store.sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)')
    const bytes = readFileSync(join(opened.path, 'latchkey.db'))
    expect(bytes.includes(secretOf(whole))).toBe(false)
  })
})

test('a key is found by id, and by name if it is unique', () => {
  const { key } = must(services.apiKeys.add(app, { name: 'ci' }))
  expect(must(services.apiKeys.find(app, key.id))).toEqual(key)
  expect(must(services.apiKeys.find(app, 'ci'))).toEqual(key)
  const second = must(services.apiKeys.add(app, { name: 'ci' })).key
  expect(failureOf(services.apiKeys.find(app, 'ci'))).toBe('key_ambiguous')
  expect(failureOf(services.apiKeys.named('ci', () => true))).toBe('key_ambiguous')
  expect(failureOf(services.apiKeys.named('ci', () => false))).toBe('key_not_found')
  expect(failureOf(services.apiKeys.named('', () => true))).toBe('key_not_found')
  // Of one that has ended nothing can be meant while there is another.
  must(services.apiKeys.revoke(app, second.id))
  expect(must(services.apiKeys.find(app, 'ci')).id).toBe(key.id)
  expect(must(services.apiKeys.named('ci', () => true)).id).toBe(key.id)
  const other = must(services.apps.add(services.accounts.ensureOwner(), { name: 'shop' }))
  expect(failureOf(services.apiKeys.find(other, key.id))).toBe('key_not_found')
})

test('a change keeps what it does not name', () => {
  const { key } = must(services.apiKeys.add(app, { name: 'ci', revocableTokens: true }))
  const lists = { privileges: ['history'], channels: undefined }
  const changed = must(services.apiKeys.set(app, key.id, { capability: lists }))
  expect(changed).toMatchObject({ name: 'ci', revocableTokens: true })
  expect(changed.capability).toBe('{"*":["history"]}')
  expect(must(services.apiKeys.find(app, key.id))).toEqual(changed)
})

describe('rotation', () => {
  test('makes two secrets valid until the old one is retired', () => {
    const { key, whole: first } = must(services.apiKeys.add(app, {}))
    const { key: rotated, whole: second } = must(services.apiKeys.rotate(app, key.id))
    expect(rotated.hasOldSecret).toBe(true)
    expect(second).not.toBe(first)
    const place = (whole: string) => services.apiKeys.secretStatus(key, secretOf(whole))
    expect([place(first), place(second), place('x:y')]).toEqual(['old', 'current', 'unknown'])
    expect(must(services.apiKeys.retire(app, key.id)).hasOldSecret).toBe(false)
    expect([place(first), place(second)]).toEqual(['unknown', 'current'])
  })

  test('is refused until the old secret is retired', () => {
    const { key } = must(services.apiKeys.add(app, {}))
    expect(failureOf(services.apiKeys.retire(app, key.id))).toBe('key_has_one_secret')
    must(services.apiKeys.rotate(app, key.id))
    expect(failureOf(services.apiKeys.rotate(app, key.id))).toBe('key_has_old_secret')
  })
})

test('a revoked key stays revoked', () => {
  const { key } = must(services.apiKeys.add(app, {}))
  opened.now += 7
  const revoked = must(services.apiKeys.revoke(app, key.id))
  expect(revoked).toMatchObject({ status: 'revoked', revokedAt: opened.now })
  for (const again of [
    services.apiKeys.revoke(app, key.id),
    services.apiKeys.set(app, key.id, { name: 'x' }),
    services.apiKeys.rotate(app, key.id),
    services.apiKeys.retire(app, key.id),
  ]) {
    expect(failureOf(again)).toBe('key_already_revoked')
  }
  expect(failureOf(services.apiKeys.revoke(app, 'nothing'))).toBe('key_not_found')
})

describe('explain', () => {
  const ask = (keyId: string, secret: 'current' | 'old' | 'unknown' | undefined) =>
    must(
      explainKey(
        must(services.apps.find(app.id)),
        must(services.apiKeys.find(app, keyId)),
        services.channelRules.list(app),
        { channel: 'chat:a', operation: 'publish', secret },
      ),
    )

  test('names the line, or a capability that would permit it', () => {
    const capability = { capability: { 'chat:*': ['subscribe'] } }
    const { key } = must(services.apiKeys.add(app, { capability }))
    const refused = ask(key.id, undefined)
    expect(refused.permitted).toBe(false)
    expect(refused.because).toBe('the line "chat:*":["subscribe"] is without publish')
    const better = { capability: JSON.parse(refused.change!.capability) as unknown }
    must(services.apiKeys.set(app, key.id, { capability: better }))
    const answer = ask(key.id, undefined)
    expect(answer.permitted).toBe(true)
    expect(answer.because).toBe('the line "chat:a":["publish"] permits it')
  })

  test('names first what refuses the whole key', () => {
    const { key } = must(services.apiKeys.add(app, {}))
    expect(ask(key.id, 'current').permitted).toBe(true)
    expect(ask(key.id, 'unknown').because).toContain('not one of this key')
    expect(ask(key.id, 'old').notes).toHaveLength(1)
    must(services.apiKeys.revoke(app, key.id))
    expect(ask(key.id, 'current')).toMatchObject({
      permitted: false,
      because: 'the key is revoked',
    })
    must(services.apps.set(app.id, { status: 'disabled' }))
    expect(ask(key.id, 'current').because).toBe('the app default is disabled')
  })

  test('adds what channel rules require', () => {
    const { key } = must(services.apiKeys.add(app, {}))
    must(services.channelRules.add(app, 'chat', { authenticated: true, tlsOnly: true }))
    expect(ask(key.id, undefined).notes).toEqual([
      'the rule chat asks for TLS',
      'the rule chat asks for a client id',
    ])
  })

  test('refuses unknown operations', () => {
    const [key] = services.apiKeys.list(app)
    const question = { channel: 'a', operation: '*', secret: undefined }
    const answer = explainKey(app, key!, [], question)
    expect(answer.ok).toBe(false)
    if (!answer.ok) expect(answer.failure.message).toContain('publish')
  })
})
