/** The apps that the server asks about on every request, kept in memory and equal to the database. */
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
  /** Its secrets as they are stored: what `KeyUses` notes a use of. */
  readonly sealedSecrets: readonly Buffer[]
}

export interface LiveApp extends DirectoryApp {
  /** By id of the key, without the app. */
  readonly keys: ReadonlyMap<string, LiveKey>
  /** By id: the first segment of the names they are for. */
  readonly rules: ReadonlyMap<string, ChannelRule>
  readonly limits: AppLimits
  /** The address that made it, where it is one of the sandbox. */
  readonly madeBy: string | undefined
}

const NO_RULES: LiveApp['rules'] = new Map()

/** Told the id of an app that was added, changed or removed: itself, a key, a rule or a revocation. */
export type AppListener = (appId: string) => void

/** So often the revocations of an app are read anew, without those that concern no token any more. */
const REVOCATIONS_ANEW_MS = 60 * 60 * 1000

export class AppDirectory implements Follower, Directory {
  readonly kind = 'app'
  readonly revocations = new RevocationList()
  generation = 0
  readonly #apps = new Map<string, LiveApp>()
  /** Of all apps, by name. */
  readonly #keys = new Map<string, LiveKey>()
  readonly #listeners = new Set<AppListener>()
  /** By app, up to which revocation they have been read, and when all of them were. */
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

  /** What holds on a channel of an app. */
  ruleOf(appId: string, channel: string): ChannelRuleSettings {
    return settingsFor(this.#apps.get(appId)?.rules ?? NO_RULES, channel)
  }

  /** Whether the time of an app is over that is still here. */
  hasExpired(now: number): boolean {
    for (const { expiresAt } of this.#apps.values())
      if (expiresAt !== undefined && expiresAt <= now) return true
    return false
  }

  /** @returns what ends the listening */
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

  /** Of an app that is known those that are new: there may be very many, and nothing but time takes one back. */
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

  /** The same object as long as nothing about it changed, so that what was worked out from it still holds. */
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

  /** Whether it is what a row says of a key. */
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

/** Of sealed secrets, which are no secrets. */
function isEqual(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}

/** Text that cannot be read permits nothing; only canonical text is ever stored. */
function storedCapability(text: string): Capability {
  const read = parseAccepted(text)
  return read.ok ? read.value : new Map()
}

/** The start has proved that the master key fits, so a secret that does not open was damaged since. */
function mustOpen(keyring: Keyring, sealed: Buffer): string {
  const secret = keyring.open(sealed)
  if (secret === undefined) throw new Error('a stored secret does not open')
  return secret
}
