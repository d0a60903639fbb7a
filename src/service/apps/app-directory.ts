/** Apps with their keys, rules and revocations, kept in memory and equal to the database: every request asks for them. */
import type { Clock } from '../../core/clock.ts'
import { SettledDate } from '../../core/time/settled-date.ts'
import type { Directory, DirectoryApp, DirectoryKey } from '../../identity/directory.ts'
import type { Keyring } from '../../identity/keyring.ts'
import { RevocationList } from '../../identity/revocation.ts'
import { type AppLimits, limitsOf } from '../../policy/app-limits.ts'
import { type Capability, parseAccepted } from '../../policy/capability/capability.ts'
import { CapabilityChecker } from '../../policy/capability/checker.ts'
import {
  type ChannelRule,
  type ChannelRuleSettings,
  settingsFor,
} from '../../policy/channel-rule.ts'
import {
  type ApiKeyRow,
  ApiKeyTable,
  type AppRow,
  AppTable,
  ChannelRuleTable,
  RevocationTable,
} from '../../store/tables/apps.ts'
import type { Store } from '../../store/database.ts'
import type { Follower } from '../../store/change-watcher.ts'

export interface LiveKey extends DirectoryKey {
  /** The secrets as they are stored, by which `KeyUses` records their use. */
  readonly sealedSecrets: readonly Buffer[]
}

export interface LiveApp extends DirectoryApp {
  /** By id of the key, without the app. */
  readonly keys: ReadonlyMap<string, LiveKey>
  /** By id: the first segment of the names they are for. */
  readonly rules: ReadonlyMap<string, ChannelRule>
  readonly limits: AppLimits
  /** The address that created it, for a sandbox app. */
  readonly madeBy: string | undefined
}

const NO_RULES: LiveApp['rules'] = new Map()

/** Called with the id of an app when the app, a key, a rule or a revocation of it has changed. */
export type AppListener = (appId: string) => void

/** How often all revocations of an app are read again, which drops the expired ones. */
const REVOCATIONS_ANEW_MS = 60 * 60 * 1000

export class AppDirectory implements Follower, Directory {
  readonly kind = 'app'
  readonly revocations = new RevocationList()
  generation = 0
  readonly #apps = new Map<string, LiveApp>()
  /** Of all apps, by name. */
  readonly #keys = new Map<string, LiveKey>()
  readonly #listeners = new Set<AppListener>()
  /** By app: the id of the last revocation that was read, and when all were read. */
  readonly #revocationsRead = new Map<string, { readonly last: number; readonly at: number }>()
  readonly #appTable: AppTable
  readonly #keyTable: ApiKeyTable
  readonly #ruleTable: ChannelRuleTable
  readonly #revocationTable: RevocationTable
  readonly #keyring: Keyring
  readonly #clock: Clock
  readonly #date: SettledDate

  /** Empty until it is told to `reload`, as the change watcher does when it starts. */
  constructor(store: Store, keyring: Keyring, clock: Clock) {
    this.#appTable = new AppTable(store)
    this.#keyTable = new ApiKeyTable(store)
    this.#ruleTable = new ChannelRuleTable(store)
    this.#revocationTable = new RevocationTable(store)
    this.#keyring = keyring
    this.#clock = clock
    this.#date = new SettledDate(clock)
  }

  app(id: string): LiveApp | undefined {
    return this.#apps.get(id)
  }

  /** @param keyName `appId.keyId`; a revoked key is found too, and its status says so */
  key(keyName: string): LiveKey | undefined {
    return this.#keys.get(keyName)
  }

  /** The settings of the channel rule that covers a channel, or the defaults. */
  ruleOf(appId: string, channel: string): ChannelRuleSettings {
    return settingsFor(this.#apps.get(appId)?.rules ?? NO_RULES, channel)
  }

  /** Whether an app has expired that is not removed yet. */
  hasExpired(now: number): boolean {
    for (const { expiresAt } of this.#apps.values())
      if (expiresAt !== undefined && expiresAt <= now) return true
    return false
  }

  /** @returns a function that removes the listener */
  onChange(listener: AppListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  apply(appIds: readonly string[]): void {
    for (const id of appIds) this.#read(id)
    for (const id of appIds) for (const listener of this.#listeners) listener(id)
  }

  reload(): void {
    const stored = this.#appTable.list(undefined).map(({ id }) => id)
    this.apply([...new Set([...this.#apps.keys(), ...stored])])
  }

  #read(id: string): void {
    this.generation++
    const row = this.#appTable.byId(id)
    this.#replace(id, row && this.#live(row))
    this.#readRevocations(id)
  }

  /** Reads only new revocations of a known app: there may be very many, and they end by time alone. */
  #readRevocations(id: string): void {
    const now = this.#clock.elapsed()
    const known = this.#apps.has(id) ? this.#revocationsRead.get(id) : undefined
    const isRecent = known !== undefined && now - known.at < REVOCATIONS_ANEW_MS
    const rows = this.#revocationTable.list(id, this.#date.now(), isRecent ? known.last : 0)
    if (isRecent) for (const row of rows) this.revocations.add(id, row)
    else this.revocations.replace(id, rows)
    if (!this.#apps.has(id)) return void this.#revocationsRead.delete(id)
    const last = rows.at(-1)?.id ?? (isRecent ? known.last : 0)
    this.#revocationsRead.set(id, { last, at: isRecent ? known.at : now })
  }

  #replace(id: string, app: LiveApp | undefined): void {
    for (const { name } of this.#apps.get(id)?.keys.values() ?? []) this.#keys.delete(name)
    this.#apps.delete(id)
    if (!app) return
    this.#apps.set(id, app)
    for (const key of app.keys.values()) this.#keys.set(key.name, key)
  }

  /** Keeps the same object while nothing about the key has changed, so that caches by key object stay valid. */
  #key(row: ApiKeyRow): StoredKey {
    const known = this.#keys.get(`${row.appId}.${row.id}`)
    const isSame = known instanceof StoredKey && known.isOf(row)
    return isSame ? known : new StoredKey(row, this.#keyring)
  }

  #live(row: AppRow): LiveApp {
    const { id, status, tlsOnly, expiresAt, madeBy } = row
    const keys = this.#keyTable.list(id).map((key) => this.#key(key))
    return {
      id,
      status,
      tlsOnly,
      expiresAt: expiresAt ?? undefined,
      keys: new Map(keys.map((key) => [key.id, key])),
      rules: new Map(this.#ruleTable.list(id).map((rule) => [rule.id, rule])),
      limits: limitsOf(row),
      madeBy: madeBy ?? undefined,
    }
  }
}

class StoredKey implements LiveKey {
  readonly appId: string
  readonly id: string
  readonly name: string
  readonly capability: Capability
  readonly checker: CapabilityChecker
  readonly revocableTokens: boolean
  readonly status: LiveKey['status']
  readonly sealedSecrets: readonly Buffer[]
  readonly #row: ApiKeyRow
  readonly #keyring: Keyring
  #secrets: readonly string[] | undefined

  constructor(row: ApiKeyRow, keyring: Keyring) {
    this.appId = row.appId
    this.id = row.id
    this.name = `${row.appId}.${row.id}`
    this.capability = storedCapability(row.capability)
    this.checker = new CapabilityChecker(this.capability)
    this.revocableTokens = row.revocableTokens
    this.status = row.status
    this.sealedSecrets = row.oldSecret === null ? [row.secret] : [row.secret, row.oldSecret]
    this.#row = row
    this.#keyring = keyring
  }

  /** Whether the row says the same of the key. */
  isOf(row: ApiKeyRow): boolean {
    const { capability, oldSecret, revocableTokens, secret, status } = this.#row
    return (
      row.capability === capability &&
      row.revocableTokens === revocableTokens &&
      row.status === status &&
      isEqual(row.secret, secret) &&
      isEqual(row.oldSecret, oldSecret)
    )
  }

  get secrets(): readonly string[] {
    this.#secrets ??= this.sealedSecrets.map((sealed) => mustOpen(this.#keyring, sealed))
    return this.#secrets
  }
}

/** Compares sealed secrets; constant time is not needed for ciphertext. */
function isEqual(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}

/** Text that cannot be read permits nothing; only canonical text is ever stored. */
function storedCapability(text: string): Capability {
  const read = parseAccepted(text)
  return read.ok ? read.value : new Map()
}

/** The start has checked the master key, so a secret that cannot be opened was damaged since. */
function mustOpen(keyring: Keyring, sealed: Buffer): string {
  const secret = keyring.open(sealed)
  if (secret === undefined) throw new Error('a stored secret does not open')
  return secret
}
