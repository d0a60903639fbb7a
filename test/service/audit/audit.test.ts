/** Who changed what: every write of the services leaves an entry, in its own transaction and without secrets. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SCOPES } from '../../../src/service/accounts/access-tokens.ts'
import type { AuditEntry } from '../../../src/service/audit/audit.ts'
import { actionPhrase, fieldText } from '../../../src/service/audit/audit-words.ts'
import { CHANGES } from './audited.ts'
import { Opened, must } from '../opened.ts'

let opened: Opened
beforeEach(() => (opened = new Opened()))
afterEach(() => opened.end())

const ANN = { kind: 'person', name: 'ann@example.com', address: '192.0.2.7' } as const

/** Entries of an action, in order. */
function trailOf(action: () => unknown): AuditEntry[] {
  const { audit } = opened.services
  const last = audit.list(undefined, { limit: 1 }).entries[0]?.seq ?? 0
  audit.as(ANN, action)
  const { entries } = audit.list(undefined, { limit: 1000 })
  return entries.filter(({ seq }) => seq > last).toReversed()
}

/** Such as `changed the reservation acme (send key: set)`; ids of keys, which are chance, stand as `$`. */
function text(entry: AuditEntry): string {
  const fields = entry.fields.map(fieldText).join('; ')
  const name = entry.name.replace(/\w+\.\w+(?=\)$)/, '$')
  return `${actionPhrase(entry).words} ${name}${fields === '' ? '' : ` (${fields})`}`
}

describe('an entry', () => {
  test('has actor, action, time, address and account', () => {
    const { accounts } = opened.services
    const [entry] = trailOf(() => accounts.add('team'))
    expect(entry).toMatchObject({
      at: opened.now,
      actorKind: 'person',
      actor: 'ann@example.com',
      address: '192.0.2.7',
      action: 'add',
      kind: 'account',
      name: 'team',
      accountId: must(accounts.find('team')).id,
    })
  })

  test('is of the server without an actor, and keeps the actor in later promises', async () => {
    const { accounts, audit } = opened.services
    accounts.add('one')
    await audit.as(ANN, async () => {
      await Bun.sleep(0)
      accounts.add('two')
    })
    accounts.add('three')
    const { entries } = audit.list(undefined, { limit: 3 })
    expect(entries.map(({ actor }) => actor)).toEqual([
      'the server',
      'ann@example.com',
      'the server',
    ])
  })

  test('outlives its subject, and is not written for a failure', () => {
    const { accounts, audit } = opened.services
    trailOf(() => {
      accounts.add('team')
      accounts.add('team')
      accounts.remove('team')
      accounts.remove('team')
    })
    const { entries } = audit.list(undefined, { limit: 10, text: 'team' })
    expect(entries.map(({ action }) => action)).toEqual(['remove', 'add'])
  })

  test('is undone together with the change', () => {
    const { accounts, store, audit } = opened.services
    expect(() =>
      store.db.transaction(() => {
        accounts.add('ghost')
        throw new Error('undone')
      }),
    ).toThrow('undone')
    expect(audit.list(undefined, { limit: 10, text: 'ghost' }).entries).toEqual([])
  })
})

describe('entries are written for', () => {
  test.each(CHANGES)('%s', (_, action, expected) => {
    expect(trailOf(() => action(opened.services)).map(text)).toEqual([...expected])
  })

  test('signing in, out and everywhere', () => {
    const { people, sessions, accounts } = opened.services
    const owner = accounts.ensureOwner()
    const person = must(people.add('bob@example.com', 'hash'))
    people.admit(person.id, owner.id, 'owner')
    const browser = { address: '192.0.2.9', agent: 'test' }
    const left = trailOf(() => {
      sessions.open(person.id, owner.id, browser)
      sessions.open(person.id, owner.id, browser)
      sessions.end(person.id, sessions.list(person.id)[0]!.id)
      sessions.endAll(person.id)
    })
    expect(left.map(({ address }) => address)).toEqual(Array(4).fill('192.0.2.9'))
    expect(left.map(({ actor, action }) => [actor, action])).toEqual([
      ['bob@example.com', 'sign_in'],
      ['bob@example.com', 'sign_in'],
      ['bob@example.com', 'sign_out'],
      ['bob@example.com', 'sign_out'],
    ])
  })

  test('people who are added, changed and removed', async () => {
    const { people, signInMethods, signUp, oneTimeLinks, accounts } = opened.services
    const owner = accounts.ensureOwner()
    const address = '192.0.2.9'
    const ann = { email: 'ann@example.com', password: 'correct horse battery', address }
    const bob = { email: 'bob@example.com', password: 'staple the battery 1', address }
    const token = (link: string) => new URL(link).searchParams.get('token')!
    const claimed = must(await signUp.claim(token(oneTimeLinks.claim(owner)), ann))
    const invitation = must(oneTimeLinks.invite(owner, 'viewer', 'for Bob'))
    const joined = must(await signUp.accept(invitation, bob))
    const left = trailOf(() => {
      must(people.setRole(owner, joined.person.id, 'member'))
      signInMethods.setPasswordHash(claimed.person.id, 'another')
      must(people.remove(owner, joined.person.id))
    })
    expect(left.map(text)).toEqual([
      'changed the person bob@example.com (role: viewer → member)',
      'changed the person ann@example.com (password: changed)',
      'removed the person bob@example.com',
    ])
    const { entries } = opened.services.audit.list(undefined, { limit: 7 })
    expect(entries.slice(3).map(text).toReversed()).toEqual([
      'added the claim link owner (role: owner)',
      'joined the account ann@example.com (role: owner; with: a claim link)',
      'added the invitation for Bob (role: viewer)',
      'joined the account bob@example.com (role: viewer; with: an invitation)',
    ])
  })

  test('requests for sandbox apps leave none', () => {
    const { accounts, apps, apiKeys, channelRules } = opened.services
    const left = trailOf(() => {
      const app = must(apps.add(accounts.ensureOwner(), { name: 'gone', lifetime: 60_000 }))
      apiKeys.add(app, { name: 'k' })
      channelRules.add(app, 'news', {})
      apps.remove(app.id)
    })
    expect(left).toEqual([])
  })
})

describe('the list', () => {
  test('is read by page, kind, name and account', () => {
    const { accounts, reservations, audit } = opened.services
    const team = must(accounts.add('team'))
    for (const name of ['a', 'b', 'c', 'd', 'e']) must(reservations.add(team, name, {}))
    const kinds = ['reservation'] as const
    const first = audit.list(undefined, { limit: 2, kinds })
    const second = audit.list(undefined, { limit: 2, kinds, before: first.next })
    const last = audit.list(undefined, { limit: 2, kinds, before: second.next })
    const names = [first, second, last].map(({ entries }) => entries.map(({ name }) => name))
    expect(names).toEqual([['e', 'd'], ['c', 'b'], ['a']])
    expect(last.next).toBeUndefined()
    const owner = accounts.ensureOwner()
    expect(audit.list(owner, { limit: 10, kinds }).entries).toEqual([])
    expect(audit.list(team, { limit: 10, kinds }).entries).toHaveLength(5)
    expect(audit.list(undefined, { limit: 10, text: '%' }).entries.length).toBeGreaterThan(5)
  })

  test('keeps the newest hundred thousand', () => {
    const { accounts, audit, store } = opened.services
    accounts.add('first')
    const { seq } = audit.list(undefined, { limit: 1 }).entries[0]!
    store.sqlite.run('UPDATE sqlite_sequence SET seq = ? WHERE name = ?', [seq + 100_000, 'audit'])
    accounts.add('second')
    const { entries } = audit.list(undefined, { limit: 10, kinds: ['account'] })
    expect(entries.map(({ name }) => name)).toEqual(['second'])
  })
})

test('contains no secret', () => {
  const { services } = opened
  const secrets = services.audit.as(ANN, () => {
    const owner = services.accounts.ensureOwner()
    const app = must(services.apps.find(undefined))
    must(services.reservations.add(owner, 'acme', { joinKey: 'the-join-key', sendKey: 'the-send' }))
    must(services.reservations.change('acme', { joinKey: 'other-join-key' }))
    const key = must(services.apiKeys.add(app, { name: 'k' }))
    const rotated = must(services.apiKeys.rotate(app, key.key.id))
    const token = services.accessTokens.add(owner, {
      name: 't',
      scopes: SCOPES,
      lifetime: undefined,
    })
    const link = services.oneTimeLinks.claim(owner)
    const whole = [key.whole, rotated.whole].map((one) => one.slice(one.indexOf(':') + 1))
    return ['the-join-key', 'the-send', 'other-join-key', ...whole, token.secret, link.slice(-20)]
  })
  const told = JSON.stringify(services.audit.list(undefined, { limit: 1000 }))
  expect(told).toContain('acme')
  for (const secret of secrets) expect(told).not.toContain(secret)
  const files = ['latchkey.db', 'latchkey.db-wal'].map((name) => join(opened.path, name))
  const stored = Buffer.concat(files.filter(existsSync).map((file) => readFileSync(file)))
  for (const secret of secrets) expect(stored.indexOf(secret)).toBe(-1)
})
