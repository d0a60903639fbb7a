/** Apps: the default one, names, ownership, expiry, and what goes with an app. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Services } from '../../../src/service/services.ts'
import { ApiKeyTable, ChannelRuleTable, RevocationTable } from '../../../src/store/tables/apps.ts'
import { Opened, failureOf, must } from '../opened.ts'

let opened: Opened
let services: Services
beforeEach(() => {
  opened = new Opened()
  services = opened.services
})
afterEach(() => opened.end())

const owner = () => services.accounts.ensureOwner()

describe('the default app', () => {
  test('is made once, with a root key that may do everything', () => {
    const other = opened.again()
    expect(services.apps.list(undefined)).toEqual(other.apps.list(undefined))
    other.close()
    const app = must(services.apps.find(undefined))
    expect(app).toMatchObject({ isDefault: true, status: 'enabled', accountId: owner().id })
    expect(app.id).toMatch(/^[A-Za-z0-9]{6}$/)
    const keys = services.apiKeys.list(app)
    expect(keys).toMatchObject([{ name: 'root', capability: '{"*":["*"]}', status: 'enabled' }])
  })

  test('cannot be removed', () => {
    const app = must(services.apps.find(undefined))
    expect(failureOf(services.apps.remove(app.id))).toBe('app_needed')
  })
})

describe('the root key', () => {
  test('is shown once', () => {
    const unshown = services.rootKey.unshown()!
    const whole = unshown.reveal()
    expect(whole).toStartWith(`${unshown.name}:`)
    expect(whole).toMatch(/^[A-Za-z0-9]{6}\.[A-Za-z0-9]{6}:[A-Za-z0-9]{43}$/)
    expect(services.rootKey.unshown()).toBeUndefined()
  })

  test('is not shown after a rotation', () => {
    const app = must(services.apps.find(undefined))
    const [root] = services.apiKeys.list(app)
    opened.now += 1
    must(services.apiKeys.rotate(app, root!.id))
    expect(services.rootKey.unshown()).toBeUndefined()
  })
})

describe('names', () => {
  test('are unique within an account', () => {
    const ann = must(services.accounts.add('ann'))
    const shop = must(services.apps.add(owner(), { name: 'shop' }))
    expect(failureOf(services.apps.add(owner(), { name: 'shop' }))).toBe('app_taken')
    expect(must(services.apps.find('shop')).id).toBe(shop.id)
    must(services.apps.add(ann, { name: 'shop' }))
    expect(failureOf(services.apps.find('shop'))).toBe('app_ambiguous')
    expect(must(services.apps.find(shop.id)).id).toBe(shop.id)
    expect(services.apps.list(ann)).toHaveLength(1)
  })

  test('can be changed to one that is free', () => {
    const shop = must(services.apps.add(owner(), { name: 'shop' }))
    must(services.apps.add(owner(), { name: 'store' }))
    expect(failureOf(services.apps.set(shop.id, { name: 'store' }))).toBe('app_taken')
    expect(must(services.apps.set(shop.id, { name: 'shop' })).name).toBe('shop')
    expect(must(services.apps.set(shop.id, { name: 'kiosk' })).name).toBe('kiosk')
    expect(failureOf(services.apps.find('shop'))).toBe('app_not_found')
  })

  test.each(['', ' a', 'a\n', 'x'.repeat(101)])('cannot be %j', (name) => {
    expect(failureOf(services.apps.add(owner(), { name }))).toBe('invalid')
  })
})

test('a change keeps what is not named', () => {
  const { id } = must(services.apps.add(owner(), { name: 'shop', tlsOnly: true }))
  opened.now += 5
  const changed = must(services.apps.set(id, { status: 'disabled' }))
  expect(changed).toMatchObject({ name: 'shop', tlsOnly: true, status: 'disabled' })
  expect(changed.updatedAt).toBe(changed.createdAt + 5)
  expect(must(services.apps.find(id))).toEqual(changed)
  expect(failureOf(services.apps.set('nothing', {}))).toBe('app_not_found')
})

test('removing an app removes its keys, rules and revocations', () => {
  const app = must(services.apps.add(owner(), { name: 'shop' }))
  must(services.apiKeys.add(app, {}))
  must(services.channelRules.add(app, 'chat', {}))
  const revocations = new RevocationTable(services.store)
  const revocation = {
    keyId: null,
    kind: 'clientId',
    value: 'ann',
    issuedBefore: opened.now,
    appliesAt: opened.now,
    expiresAt: opened.now + 1000,
  } as const
  revocations.insert(app.id, [revocation], opened.now)
  expect(revocations.list(app.id, opened.now)).toHaveLength(1)
  must(services.apps.remove(app.id))
  expect(revocations.list(app.id, opened.now)).toEqual([])
  expect(new ApiKeyTable(services.store).list(app.id)).toEqual([])
  expect(new ChannelRuleTable(services.store).list(app.id)).toEqual([])
  expect(failureOf(services.apps.remove(app.id))).toBe('app_not_found')
})

test('apps with a lifetime are removed in time, others stay', () => {
  const { id } = must(services.apps.add(owner(), { name: 'sandbox', lifetime: 1000 }))
  opened.now += 999
  expect(services.apps.removeExpired(opened.now)).toEqual([])
  opened.now += 1
  expect(services.apps.removeExpired(opened.now).map((app) => app.id)).toEqual([id])
  expect(services.apps.list(undefined)).toHaveLength(1)
})

test('an account with apps cannot be removed', () => {
  const ann = must(services.accounts.add('ann'))
  const app = must(services.apps.add(ann, { name: 'shop' }))
  expect(failureOf(services.accounts.remove('ann'))).toBe('account_in_use')
  must(services.apps.remove(app.id))
  expect(failureOf(services.accounts.remove('ann'))).toBeUndefined()
})
