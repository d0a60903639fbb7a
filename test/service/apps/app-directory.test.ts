/** The apps in memory are those of the database, whichever process changes it. */
import { afterEach, beforeEach, describe, expect, spyOn, test } from 'bun:test'
import { ChangeWatcher } from '../../../src/store/change-watcher.ts'
import type { App } from '../../../src/service/apps/apps.ts'
import { KeyUses } from '../../../src/service/apps/key-uses.ts'
import { AppDirectory } from '../../../src/service/apps/app-directory.ts'
import type { Services } from '../../../src/service/services.ts'
import { AppTable, RevocationTable } from '../../../src/store/tables/apps.ts'
import { eventually } from '../../support/client.ts'
import { latchkey } from '../../support/server.ts'
import { Opened, must } from '../opened.ts'
import { clockAt } from '../../support/clocks.ts'

let opened: Opened
let services: Services
let directory: AppDirectory
let watcher: ChangeWatcher
let app: App
let told: string[]
const bugs: unknown[] = []

beforeEach(() => {
  opened = new Opened()
  services = opened.services
  app = must(services.apps.find(undefined))
  const clock = clockAt(() => opened.now)
  directory = new AppDirectory(services.store, services.keyring, clock)
  watcher = new ChangeWatcher(services.store, [directory], (error) => bugs.push(error))
  watcher.start()
  told = []
  directory.onChange((appId) => told.push(appId))
})
afterEach(() => {
  watcher.stop()
  opened.end()
  expect(bugs).toEqual([])
})

test('reads new revocations, and at intervals all that still apply', () => {
  const table = new RevocationTable(services.store)
  const lengths: number[] = []
  const list = spyOn(RevocationTable.prototype, 'list')
  const revoke = (name: string, lifetime: number) => {
    const moments = { issuedBefore: opened.now, appliesAt: opened.now }
    const row = { keyId: null, kind: 'clientId' as const, ...moments }
    const values = Array.from({ length: 50 }, (_, i) => ({ ...row, value: `${name}${i}` }))
    const rows = values.map((value) => Object.assign(value, { expiresAt: opened.now + lifetime }))
    table.insert(app.id, rows, opened.now)
    list.mockClear()
    watcher.refresh()
    lengths.push(...list.mock.results.map(({ value }) => (value as unknown[]).length))
  }
  const isRevoked = (tokenClientId: string) =>
    directory.revocations.isRevoked(
      { appId: app.id, keyId: 'k', issued: opened.now - 1, tokenClientId },
      opened.now,
    )
  try {
    const hour = 60 * 60 * 1000
    revoke('a', hour / 2)
    revoke('b', 24 * hour)
    expect([isRevoked('a7'), isRevoked('b7'), isRevoked('c7')]).toEqual([true, true, false])
    opened.now += hour
    revoke('c', hour)
    expect(lengths).toEqual([50, 50, 100])
    opened.now -= hour
    expect([isRevoked('a7'), isRevoked('b7'), isRevoked('c7')]).toEqual([false, true, false])
  } finally {
    list.mockRestore()
  }
})

describe('at the start', () => {
  test('everything is loaded, with secrets that can be opened', () => {
    const whole = services.rootKey.unshown()!.reveal()
    const [name, secret] = whole.split(':') as [string, string]
    const key = directory.key(name)!
    expect(key.secrets).toEqual([secret])
    expect(key.checker.permits('anything', 'publish')).toBe(true)
    expect(directory.app(app.id)).toMatchObject({ status: 'enabled', tlsOnly: false })
    expect(directory.app(app.id)?.rules.size).toBe(0)
    expect([...directory.app(app.id)!.keys.values()]).toEqual([key])
  })

  test('nothing else is loaded', () => {
    for (const name of ['', '.', app.id, `${app.id}.`, `${app.id}.none`, 'none.none']) {
      expect(directory.key(name)).toBeUndefined()
    }
    expect(directory.app('none')).toBeUndefined()
  })
})

describe('after a change of this process', () => {
  test('keys, rules and apps are updated, and listeners are told which app', () => {
    const { key } = must(services.apiKeys.add(app, { name: 'ci' }))
    must(services.channelRules.add(app, 'chat', { persisted: true }))
    const shop = must(services.apps.add(services.accounts.ensureOwner(), { name: 'shop' }))
    watcher.refresh()
    expect(told.toSorted()).toEqual([app.id, shop.id].toSorted())
    expect(directory.key(key.keyName)?.status).toBe('enabled')
    expect([...directory.app(app.id)!.rules.values()]).toMatchObject([
      { id: 'chat', persisted: true },
    ])
    must(services.apiKeys.revoke(app, key.id))
    must(services.apps.remove(shop.id))
    watcher.refresh()
    expect(directory.key(key.keyName)?.status).toBe('revoked')
    expect(directory.app(shop.id)).toBeUndefined()
  })

  test('a changed key is another object', () => {
    const { key } = must(services.apiKeys.add(app, {}))
    watcher.refresh()
    const before = directory.key(key.keyName)!
    must(
      services.apiKeys.set(app, key.id, {
        capability: { capability: { a: ['publish'] } },
      }),
    )
    watcher.refresh()
    const after = directory.key(key.keyName)!
    expect(before.checker.permits('b', 'publish')).toBe(true)
    expect(after.checker.permits('b', 'publish')).toBe(false)
  })

  test('a key stays the same object as long as nothing about it changes', () => {
    const { key } = must(services.apiKeys.add(app, {}))
    watcher.refresh()
    const first = directory.key(key.keyName)!
    must(services.channelRules.add(app, 'chat', {}))
    must(services.apiKeys.add(app, {}))
    must(services.apiKeys.set(app, key.id, { name: 'another' }))
    watcher.refresh()
    expect(directory.key(key.keyName)).toBe(first)
    const changes = [
      () => must(services.apiKeys.rotate(app, key.id)),
      () => must(services.apiKeys.retire(app, key.id)),
      () => must(services.apiKeys.set(app, key.id, { revocableTokens: true })),
      () => must(services.apiKeys.revoke(app, key.id)),
    ]
    let before = first
    for (const change of changes) {
      change()
      watcher.refresh()
      const after = directory.key(key.keyName)!
      expect(after).not.toBe(before)
      before = after
    }
    expect(before).toMatchObject({ status: 'revoked', revocableTokens: true })
  })

  test('a listener can be removed', () => {
    let calls = 0
    const leave = directory.onChange(() => calls++)
    must(services.apiKeys.add(app, {}))
    watcher.refresh()
    leave()
    must(services.apiKeys.add(app, {}))
    watcher.refresh()
    expect([calls, told.length]).toEqual([1, 2])
  })

  test('more changes than the list holds make it read everything', () => {
    const shop = must(services.apps.add(services.accounts.ensureOwner(), { name: 'shop' }))
    watcher.refresh()
    must(services.apps.remove(shop.id))
    services.store.sqlite.run('UPDATE changes SET seq = seq + 20000')
    must(services.apiKeys.add(app, { name: 'late' }))
    watcher.refresh()
    expect(directory.app(shop.id)).toBeUndefined()
    expect([...directory.app(app.id)!.keys.values()]).toHaveLength(2)
  })
})

describe('after a change of another process', () => {
  test('an added or revoked key is known within a second', async () => {
    const data = ['--data', opened.path]
    const made = await latchkey(['keys', 'add', '--channels', 'a', '--json', ...data])
    const [name, secret] = (JSON.parse(made.out) as { key: string }).key.split(':') as [
      string,
      string,
    ]
    await eventually(() => directory.key(name) !== undefined, 'the key is known', 1000)
    expect(directory.key(name)?.secrets).toEqual([secret])
    expect(directory.key(name)?.checker.permits('b', 'publish')).toBe(false)
    const revoked = await latchkey(['keys', 'revoke', name, ...data])
    expect(revoked.code).toBe(0)
    await eventually(() => directory.key(name)?.status === 'revoked', 'it is revoked', 1000)
    expect(new Set(told)).toEqual(new Set([app.id]))
  })
})

describe('uses of keys', () => {
  let uses: KeyUses
  beforeEach(() => {
    uses = new KeyUses(opened.parts, (error) => bugs.push(error))
  })
  const times = (keyId: string) => {
    const { lastUsedAt, oldLastUsedAt } = must(services.apiKeys.find(app, keyId))
    return [lastUsedAt, oldLastUsedAt]
  }

  test('are written for the used secret, also after a rotation', () => {
    const { key } = must(services.apiKeys.add(app, {}))
    watcher.refresh()
    const live = directory.key(key.keyName)!
    uses.note(live, 0)
    must(services.apiKeys.rotate(app, key.id))
    uses.write()
    expect(times(key.id)).toEqual([null, opened.now])
    watcher.refresh()
    const first = opened.now
    opened.now += 10
    const rotated = directory.key(key.keyName)!
    expect(rotated.secrets).toHaveLength(2)
    uses.note(rotated, 0)
    uses.write()
    expect(times(key.id)).toEqual([opened.now, first])
    must(services.apiKeys.retire(app, key.id))
    uses.note(rotated, 1)
    uses.stop()
    expect(times(key.id)).toEqual([first + 10, null])
  })

  test('do not count as a change of the app', () => {
    const live = [...directory.app(app.id)!.keys.values()][0]!
    uses.note(live, 0)
    uses.write()
    watcher.refresh()
    expect(times(live.id)[0]).toBe(opened.now)
    expect(told).toEqual([])
  })
})

test('a listener finds every changed app in place', () => {
  const table = new AppTable(services.store)
  const one = must(services.apps.add(services.accounts.ensureOwner(), { name: 'one' }))
  const two = must(services.apps.add(services.accounts.ensureOwner(), { name: 'two' }))
  directory.onChange(() => {
    for (const { id } of table.list(undefined)) expect(directory.app(id)).toBeDefined()
  })
  watcher.refresh()
  expect(told.toSorted()).toEqual([one.id, two.id].toSorted())
})
