/** What services write is written through the ledger alone, and gives the same tables wherever it is written again. */
import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import fc from 'fast-check'
import type { Result } from '../../src/failure.ts'
import type { App } from '../../src/service/apps/apps.ts'
import { Sandbox } from '../../src/service/apps/sandbox.ts'
import { type Services, servicesOver } from '../../src/service/services.ts'
import { openMemoryStore } from '../../src/store/database.ts'
import { clockAt } from '../support/clocks.ts'
import { contents, recorded, replay } from '../support/recorded-database.ts'
import { testConfig } from '../support/server.ts'

/** What depends on anything but parameters and tables would not be the same elsewhere. */
const NOT_REPEATABLE =
  /current_(time|date)|random|'now'|unixepoch|julianday|last_insert_rowid|\b(total_)?changes\(/i

/** What each server counts for itself; it is no setting. */
const COUNTED = 'app_stats'

/** Few names, so that the same thing is met again: taken, changed, removed, found missing. */
const NAMES = ['ann', 'bob', 'cy'] as const

interface World {
  readonly services: Services
  readonly sandbox: Sandbox
  /** One of the names, a number below 1000, and yes or no, as the run has it. */
  readonly name: string
  readonly other: string
  readonly number: number
  readonly flag: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

type Write = (world: World) => unknown

const owner = ({ services }: World) => services.accounts.ensureOwner()
const account = (world: World) => {
  const found = world.services.accounts.find(world.name)
  return found.ok ? found.value : owner(world)
}
const anApp = (world: World): App => {
  const apps = world.services.apps.list(undefined)
  return apps[world.number % apps.length]!
}
const aKey = (world: World) => {
  const keys = world.services.apiKeys.list(anApp(world))
  return keys[world.number % Math.max(1, keys.length)]?.id ?? 'none'
}
const aPerson = ({ services, name }: World) => services.people.byEmail(`${name}@example.com`)
const identity = ({ name }: World) => {
  return { provider: 'github', subject: name, label: name, email: `${name}@example.org` }
}
const secretOf = (link: string) => link.split('token=').at(-1)!
const device = (world: World) => ({
  appId: anApp(world).id,
  id: world.name,
  keyId: aKey(world),
  clientId: world.other,
  platform: 'android' as const,
  formFactor: 'phone' as const,
  metadata: '{}',
  recipient: {
    transportType: 'fcm' as const,
    text: '{"transportType":"fcm","registrationToken":"t"}',
  },
  secret: undefined,
})
const invited = (world: World) => {
  const { oneTimeLinks } = world.services
  const link = oneTimeLinks.invite(account(world), world.flag ? 'member' : 'owner', '')
  return link.ok ? link.value : ''
}

/** Every way in which services write. */
const WRITES: Readonly<Record<string, Write>> = {
  'accounts.add': ({ services, name }) => services.accounts.add(name),
  'accounts.remove': ({ services, name }) => services.accounts.remove(name),
  'accessTokens.add': (world) =>
    world.services.accessTokens.add(account(world), {
      name: world.name,
      scopes: ['read:app'],
      lifetime: world.flag ? 1000 : undefined,
    }),
  'accessTokens.check': (world) => {
    const { secret } = world.services.accessTokens.add(owner(world), {
      name: '',
      scopes: [],
      lifetime: undefined,
    })
    return world.services.accessTokens.check(secret)
  },
  'accessTokens.remove': (world) => {
    const [token] = world.services.accessTokens.list(undefined)
    return world.services.accessTokens.remove(token?.id ?? '')
  },
  'accessTokens.removeAll': (world) => world.services.accessTokens.removeAll(account(world)),
  'reservations.add': (world) =>
    world.services.reservations.add(account(world), `${world.name}:${world.other}`, {
      joinKey: world.flag ? 'join' : null,
      app: world.flag ? anApp(world).id : null,
    }),
  'reservations.change': ({ services, name, other, flag }) =>
    services.reservations.change(`${name}:${other}`, { sendKey: flag ? 'send' : null }),
  'reservations.remove': ({ services, name, other }) =>
    services.reservations.remove(`${name}:${other}`),
  'apps.add': (world) =>
    world.services.apps.add(account(world), {
      name: world.other,
      ...(world.flag && { lifetime: 1000 }),
    }),
  'apps.set': (world) =>
    world.services.apps.set(anApp(world).id, { name: world.name, tlsOnly: world.flag }),
  'apps.remove': (world) => world.services.apps.remove(anApp(world).id),
  'apps.removeExpired': ({ services, now }) => services.apps.removeExpired(now),
  'apiKeys.add': (world) =>
    world.services.apiKeys.add(anApp(world), {
      name: world.name,
      revocableTokens: true,
      ...(world.flag && { capability: { capability: { [world.other]: ['publish'] } } }),
    }),
  'apiKeys.set': (world) =>
    world.services.apiKeys.set(anApp(world), aKey(world), { name: world.other }),
  'apiKeys.rotate': (world) => world.services.apiKeys.rotate(anApp(world), aKey(world)),
  'apiKeys.retire': (world) => world.services.apiKeys.retire(anApp(world), aKey(world)),
  'apiKeys.revoke': (world) => world.services.apiKeys.revoke(anApp(world), aKey(world)),
  'rootKey.reveal': ({ services }) => services.rootKey.unshown()?.reveal(),
  'channelRules.add': (world) =>
    world.services.channelRules.add(anApp(world), world.name, { persisted: world.flag }),
  'channelRules.set': (world) =>
    world.services.channelRules.set(anApp(world), world.name, { tlsOnly: world.flag }),
  'channelRules.remove': (world) => world.services.channelRules.remove(anApp(world), world.name),
  'tokens.revoke': (world) =>
    world.services.tokens.revoke(`${anApp(world).id}.${aKey(world)}`, [`clientId:${world.other}`]),
  'tokens.issue': (world) =>
    world.services.tokens.issue(`${anApp(world).id}.${aKey(world)}`, {
      ttl: undefined,
      capability: undefined,
      clientId: undefined,
    }),
  'oneTimeLinks.claim': (world) => world.services.oneTimeLinks.claim(account(world)),
  'oneTimeLinks.invite': (world) => invited(world),
  'oneTimeLinks.withdraw': (world) => {
    const [link] = world.services.oneTimeLinks.invitations(account(world))
    return world.services.oneTimeLinks.withdraw(account(world), link?.id ?? '')
  },
  'oneTimeLinks.keepAddress': ({ services, name }) =>
    services.oneTimeLinks.keepAddress(`https://${name}`),
  'people.add': ({ services, name }) => services.people.add(`${name}@example.com`, 'hash'),
  'signUp.join': (world) => {
    const person = aPerson(world)
    return person && world.services.signUp.join('invite', secretOf(invited(world)), person)
  },
  'signUp.arriveWith': (world) =>
    world.services.signUp.arriveWith('invite', secretOf(invited(world)), identity(world)),
  'people.setRole': (world) =>
    world.services.people.setRole(
      account(world),
      aPerson(world)?.id ?? '',
      world.flag ? 'viewer' : 'owner',
    ),
  'people.remove': (world) =>
    world.services.people.remove(account(world), aPerson(world)?.id ?? ''),
  'signInMethods.setPasswordHash': (world) => {
    const person = aPerson(world)
    if (person) world.services.signInMethods.setPasswordHash(person.id, `hash ${world.number}`)
  },
  'signInMethods.connect': (world) => {
    const person = aPerson(world)
    return person && world.services.signInMethods.connect(person.id, identity(world))
  },
  'signInMethods.disconnect': (world) => {
    const person = aPerson(world)
    return person && world.services.signInMethods.disconnect(person, 'github', world.name)
  },
  'sessions.open and find': (world) => {
    const person = aPerson(world)
    if (!person) return
    const browser = { address: '192.0.2.1', agent: 'browser' }
    const secret = world.services.sessions.open(person.id, account(world).id, browser)
    return world.services.sessions.find(secret, '192.0.2.2')
  },
  'sessions.end': (world) => {
    const person = aPerson(world)
    const [session] = person ? world.services.sessions.list(person.id) : []
    return person && world.services.sessions.end(person.id, session?.id ?? '')
  },
  'sessions.endAll': (world) => {
    const person = aPerson(world)
    if (person) world.services.sessions.endAll(person.id)
  },
  'pushDevices.save': (world) => world.services.pushDevices.save(device(world)),
  'pushDevices.issueToken': (world) => {
    const found = world.services.pushDevices.find(anApp(world).id, world.name)
    return found && world.services.pushDevices.issueToken(found)
  },
  'pushDevices.remove': (world) =>
    world.services.pushDevices.remove(anApp(world).id, { deviceId: world.name }),
  'pushSubscriptions.save': (world) =>
    world.services.pushSubscriptions.save(anApp(world).id, {
      channel: 'news',
      kind: world.flag ? 'device' : 'client',
      subscriber: world.name,
    }),
  'pushSubscriptions.remove': (world) =>
    world.services.pushSubscriptions.remove(anApp(world).id, { channel: 'news' }),
  'sandbox.add': (world) =>
    world.sandbox.add({
      address: '192.0.2.1',
      maxPresenceMembers: undefined,
      // The second rule is refused where it has the name of the first: then nothing at all was made.
      keys: [{ capability: undefined, revocableTokens: world.flag }],
      rules: [{ id: world.name }, { id: world.other }],
    }),
  'sandbox.remove': (world) => world.sandbox.remove(anApp(world).id),
  'stats.addFixtures': (world) =>
    world.services.stats.addFixtures(anApp(world).id, [
      { start: start - 60_000, numbers: { 'channels.peak': world.number } },
    ]),
}

const start = 1_710_000_000_000

/** @returns a recording of a run, with what the tables hold then */
function run(steps: readonly Step[]) {
  let now = start
  const plain = openMemoryStore()
  const recording = recorded(plain.sqlite)
  const services = servicesOver({
    config: testConfig({}),
    clock: clockAt(() => now),
    decidesQuota: true,
    folder: undefined,
    store: { sqlite: recording.database, db: drizzle(recording.database) },
  })
  const sandbox = new Sandbox(services, { sandboxMinutes: 1, maxSandboxApps: 50 })
  const succeeded = new Set<string>()
  for (const { write, passes, isGivenUp, ...given } of steps) {
    now += passes
    const before = recording.transactions.length
    const world = { services, sandbox, now, ...given }
    const outcome = isGivenUp ? giveUp(world, write) : WRITES[write]!(world)
    // Refused or given up, nothing at all was written.
    if (isGivenUp || (isRefusal(outcome) && !TWOFOLD.has(write)))
      expect(recording.transactions.length).toBe(before)
    else if (recording.transactions.length > before) succeeded.add(write)
  }
  return { recording, succeeded, contents: contents(plain.sqlite) }
}

/** A part of something greater that fails in the end. */
function giveUp(world: World, write: string): undefined {
  const { ledger } = world.services
  expect(() =>
    ledger.write(() => {
      WRITES[write]!(world)
      throw new Error('given up')
    }),
  ).toThrow('given up')
}

/** These make an invitation first. */
const TWOFOLD = new Set(['signUp.join', 'signUp.arriveWith'])

function isRefusal(outcome: unknown): boolean {
  const result = outcome as Result<unknown> | undefined
  return typeof result === 'object' && 'ok' in result && !result.ok
}

interface Step extends Omit<World, 'services' | 'sandbox' | 'now'> {
  readonly write: string
  readonly passes: number
  /** Whether it is part of a greater piece of work that throws. */
  readonly isGivenUp: boolean
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  write: fc.constantFrom(...Object.keys(WRITES)),
  name: fc.constantFrom(...NAMES),
  other: fc.constantFrom(...NAMES),
  number: fc.nat(999),
  flag: fc.boolean(),
  passes: fc.constantFrom(0, 1, 70_000),
  isGivenUp: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
})

describe('statements of random writes, repeated on an empty database', () => {
  const succeeded = new Set<string>()
  const filled = new Set<string>()
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('give the same tables (seed %d)', (seed) => {
    const done = run(fc.sample(anyStep, { seed, numRuns: 300 }))
    for (const write of done.succeeded) succeeded.add(write)
    for (const [table, rows] of Object.entries(done.contents))
      if (rows.length > 0) filled.add(table)
    expect(done.recording.stray).toEqual([])
    const settings = done.recording.transactions.map((transaction) =>
      transaction.filter(({ sql }) => !sql.includes(COUNTED)),
    )
    for (const { sql } of settings.flat()) expect(sql).not.toMatch(NOT_REPEATABLE)
    const again = openMemoryStore().sqlite
    replay(settings, again)
    expect({ ...contents(again), [COUNTED]: [] }).toEqual({ ...done.contents, [COUNTED]: [] })
  })

  test('cover every service and every table', () => {
    expect(Object.keys(WRITES).filter((write) => !succeeded.has(write))).toEqual([])
    const tables = Object.keys(contents(openMemoryStore().sqlite))
    expect(tables.filter((table) => !filled.has(table))).toEqual([])
  })
})

test('no table has a default that depends on time or place', () => {
  const tables = openMemoryStore()
    .sqlite.query<{ sql: string }, []>('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL')
    .all()
  expect(tables.length).toBeGreaterThan(20)
  for (const { sql } of tables) expect(sql).not.toMatch(NOT_REPEATABLE)
})

test('the recording notices writes beside the ledger', () => {
  const recording = recorded(new Database(':memory:'))
  recording.database.run('CREATE TABLE one (value)')
  recording.database.query('INSERT INTO one VALUES (?)').run(1)
  expect(recording.stray).toEqual(['INSERT INTO one VALUES (?)'])
})
