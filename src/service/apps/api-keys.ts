/** API keys of apps: created, changed, rotated, revoked. Secrets are stored sealed and returned only where asked for by name. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import type { Keyring } from '../../identity/keyring.ts'
import {
  type Capability,
  FULL_CAPABILITY,
  canonicalText,
  parseAccepted,
  readCapability,
} from '../../policy/capability/capability.ts'
import { capabilityOfLists } from '../../policy/capability/lists.ts'
import { type ApiKeyRow, ApiKeyTable } from '../../store/tables/apps.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { type App, isKept } from './apps.ts'
import type { Action, AuditService, AuditEvent } from '../audit/audit.ts'
import { fieldsOf } from '../audit/audited-fields.ts'
import { newSecret, newShortId } from '../id.ts'
import type { ServiceParts } from '../service-parts.ts'

/** A key without its secrets. */
export interface ApiKey extends Omit<ApiKeyRow, 'secret' | 'oldSecret'> {
  /** `appId.keyId` */
  readonly keyName: string
  /** Whether the secret from before the last rotation still counts. */
  readonly hasOldSecret: boolean
}

/** A key as it is shown when its secret is made. */
export interface WholeKey {
  readonly key: ApiKey
  /** `appId.keyId:secret` */
  readonly whole: string
}

/** The capability of a key: as JSON, or as lists. A list that is left out keeps its value, or means everything for a new key. */
export type CapabilityWish =
  | {
      /** The parsed JSON of a capability. */
      readonly capability: unknown
    }
  | {
      readonly privileges: readonly string[] | undefined
      readonly channels: readonly string[] | undefined
    }

/** What is left out stays as it is. */
export interface ApiKeyChange {
  readonly name?: string
  readonly capability?: CapabilityWish
  readonly revocableTokens?: boolean
}

const MAX_NAME_LENGTH = 100

export class ApiKeyService {
  readonly #ledger: Ledger
  readonly #table: ApiKeyTable
  readonly #keyring: Keyring
  readonly #clock: Clock
  readonly #audit: AuditService

  constructor({ store, ledger, clock, audit }: ServiceParts, keyring: Keyring) {
    this.#ledger = ledger
    this.#table = new ApiKeyTable(store)
    this.#keyring = keyring
    this.#clock = clock
    this.#audit = audit
  }

  /** All keys of an app, revoked ones too. */
  list(app: App): ApiKey[] {
    return this.#table.list(app.id).map(withoutSecrets)
  }

  /** Finds a key by id, or by name where only one key of the app has it. */
  find(app: App, idOrName: string): Result<ApiKey> {
    const byId = this.#table.find(app.id, idOrName)
    if (byId) return ok(withoutSecrets(byId))
    return theOne(this.list(app).filter(({ name }) => name === idOrName))
  }

  /** Finds a key by name among all keys that somebody may see. */
  named(name: string, maySee: (appId: string) => boolean): Result<ApiKey> {
    const found = name === '' ? [] : this.#table.named(name).filter(({ appId }) => maySee(appId))
    return theOne(found.map(withoutSecrets))
  }

  add(app: App, wish: ApiKeyChange): Result<WholeKey> {
    const patch = patchOf(wish, FULL_CAPABILITY)
    if (!patch.ok) return patch
    return this.#ledger.write((): Result<WholeKey> => {
      const secret = newSecret()
      const now = this.#clock.now()
      const row: ApiKeyRow = {
        appId: app.id,
        id: this.#newId(app),
        name: '',
        capability: canonicalText(FULL_CAPABILITY),
        revocableTokens: false,
        status: 'enabled',
        secret: this.#keyring.seal(secret),
        oldSecret: null,
        lastUsedAt: null,
        oldLastUsedAt: null,
        createdAt: now,
        updatedAt: now,
        revokedAt: null,
        ...patch.value,
      }
      this.#table.insert(row)
      this.#note(app, 'add', row, fieldsOf({ name: row.name }, row, SHOWN))
      return ok(whole(row, secret))
    })
  }

  set(app: App, id: string, change: ApiKeyChange): Result<ApiKey> {
    return this.#update(app, id, 'change', (row) => {
      const present = parseAccepted(row.capability)
      return present.ok ? patchOf(change, present.value) : present
    })
  }

  /** Makes a new secret; the previous one stays valid until it is retired. */
  rotate(app: App, id: string): Result<WholeKey> {
    const secret = newSecret()
    const rotated = this.#update(app, id, 'rotate', (row) =>
      row.oldSecret !== null
        ? fail('key_has_old_secret')
        : ok({
            secret: this.#keyring.seal(secret),
            oldSecret: row.secret,
            lastUsedAt: null,
            oldLastUsedAt: row.lastUsedAt,
          }),
    )
    return rotated.ok
      ? ok({ key: rotated.value, whole: `${rotated.value.keyName}:${secret}` })
      : rotated
  }

  /** Drops the secret from before the last rotation. */
  retire(app: App, id: string): Result<ApiKey> {
    return this.#update(app, id, 'retire', (row) =>
      row.oldSecret === null
        ? fail('key_has_one_secret')
        : ok({ oldSecret: null, oldLastUsedAt: null }),
    )
  }

  /** For good: a revoked key cannot be enabled again. */
  revoke(app: App, id: string): Result<ApiKey> {
    return this.#update(app, id, 'revoke', () =>
      ok({ status: 'revoked', revokedAt: this.#clock.now() }),
    )
  }

  /** The key with its current secret, for interfaces that show it to whoever may manage it. */
  whole(key: ApiKey): string {
    const row = this.#table.find(key.appId, key.id)
    const secret = row && this.#keyring.open(row.secret)
    if (secret === undefined) throw new Error('the secret of a stored key does not open')
    return `${key.keyName}:${secret}`
  }

  /** Which of the key's secrets this is. Only for explanations: it does not compare in constant time. */
  secretStatus(key: ApiKey, secret: string): 'current' | 'old' | 'unknown' {
    const row = this.#table.find(key.appId, key.id)
    if (!row) return 'unknown'
    if (this.#keyring.open(row.secret) === secret) return 'current'
    return row.oldSecret && this.#keyring.open(row.oldSecret) === secret ? 'old' : 'unknown'
  }

  #update(
    app: App,
    id: string,
    action: Action,
    decide: (row: ApiKeyRow) => Result<Partial<ApiKeyRow>>,
  ): Result<ApiKey> {
    return this.#ledger.write((): Result<ApiKey> => {
      const row = this.#table.find(app.id, id)
      if (!row) return fail('key_not_found')
      if (row.status === 'revoked') return fail('key_already_revoked')
      const decided = decide(row)
      if (!decided.ok) return decided
      const patch = { ...decided.value, updatedAt: this.#clock.now() }
      this.#table.update(app.id, id, patch)
      this.#note(app, action, row, fieldsOf(row, decided.value, SHOWN))
      return ok(withoutSecrets({ ...row, ...patch }))
    })
  }

  #note(app: App, action: Action, { id, name }: ApiKeyRow, fields: AuditEvent['fields']): void {
    if (!isKept(app)) return
    const keyName = `${app.id}.${id}`
    this.#audit.record({
      action,
      kind: 'key',
      id: keyName,
      name: name === '' ? keyName : `${name} (${keyName})`,
      accountId: app.accountId,
      ...(fields && { fields }),
    })
  }

  #newId(app: App): string {
    let id = newShortId()
    while (this.#table.find(app.id, id)) id = newShortId()
    return id
  }
}

const SHOWN = { name: 'name', capability: 'capability', revocableTokens: 'revocable tokens' }

function patchOf(
  { name, capability, revocableTokens }: ApiKeyChange,
  present: Capability,
): Result<Partial<ApiKeyRow>> {
  if (name !== undefined && (name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(name))) {
    return fail(
      'invalid',
      `the name of a key has at most ${MAX_NAME_LENGTH} characters, and no control characters`,
    )
  }
  const read = capability && readWish(capability, present)
  if (read && !read.ok) return read
  return ok({
    ...(name !== undefined && { name }),
    ...(read && { capability: textOfWish(capability, read.value) }),
    ...(revocableTokens !== undefined && { revocableTokens }),
  })
}

/** As it was given: with its order, and the names that it calls operations by. */
function textOfWish(wish: CapabilityWish, capability: Capability): string {
  return 'capability' in wish ? JSON.stringify(wish.capability) : canonicalText(capability)
}

function readWish(wish: CapabilityWish, present: Capability): Result<Capability> {
  return 'capability' in wish ? readCapability(wish.capability) : capabilityOfLists(wish, present)
}

function whole(row: ApiKeyRow, secret: string): WholeKey {
  const key = withoutSecrets(row)
  return { key, whole: `${key.keyName}:${secret}` }
}

/** The only key found; where several have the name, the only one that is not revoked. */
function theOne(found: readonly ApiKey[]): Result<ApiKey> {
  const usable = found.filter(({ status }) => status !== 'revoked')
  const [named, another] = usable.length === 0 ? found : usable
  if (another) return fail('key_ambiguous')
  return named ? ok(named) : fail('key_not_found')
}

function withoutSecrets({ secret: _, oldSecret, ...rest }: ApiKeyRow): ApiKey {
  return { ...rest, keyName: `${rest.appId}.${rest.id}`, hasOldSecret: oldSecret !== null }
}
