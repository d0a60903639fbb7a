/**
 * The audit trail: who changed what, and when. Services write an entry in the transaction of the change, so that neither
 * exists without the other. The actor is set once, where a request or command begins.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../../core/clock.ts'
import {
  type AuditFilter,
  type AuditRow,
  AuditTable,
  type AuditedField,
} from '../../store/tables/audit.ts'
import { withoutSecrets } from '../../text/secrets.ts'
import type { StoreParts } from '../store-parts.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import type { AccountRow } from '../../store/tables/accounts.ts'

/** Who acts. */
export interface Actor {
  readonly kind: AuditRow['actorKind']
  readonly name: string
  /** Where the request came from. */
  readonly address?: string
}

export const ENTITIES = [
  'account',
  'person',
  'invitation',
  'claim_link',
  'session',
  'access_token',
  'reservation',
  'app',
  'key',
  'rule',
  'revocation',
  'channel',
  'connection',
  'backup',
] as const

export type Entity = (typeof ENTITIES)[number]

export type Action =
  | 'add'
  | 'change'
  | 'remove'
  | 'revoke'
  | 'rotate'
  | 'retire'
  | 'join'
  | 'sign_in'
  | 'sign_out'
  | 'disconnect'
  | 'publish'
  | 'download'

/** A change, as a service records it. Must not contain a secret. */
export interface AuditEvent {
  readonly action: Action
  readonly kind: Entity
  readonly id: string
  /** The name after the change; of something removed, its last name. */
  readonly name: string
  readonly accountId: string
  readonly fields?: readonly AuditedField[]
}

export interface AuditEntry extends Omit<AuditRow, 'action' | 'kind'> {
  readonly action: Action
  readonly kind: Entity
}

export interface AuditQuestion extends Omit<AuditFilter, 'accountId' | 'kinds'> {
  readonly kinds?: readonly Entity[] | undefined
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[]
  /** The value of `before` for the next page; undefined on the last page. */
  readonly next: number | undefined
}

const SERVER: Actor = { kind: 'server', name: 'the server' }

export class AuditService {
  readonly #table: AuditTable
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #actors = new AsyncLocalStorage<Actor>()

  constructor({ store, ledger, clock }: StoreParts) {
    this.#table = new AuditTable(store)
    this.#ledger = ledger
    this.#clock = clock
  }

  /** Runs a function as an actor; this holds for the promises that it starts, too. */
  as<T>(actor: Actor, act: () => T): T {
    return this.#actors.run(actor, act)
  }

  /**
   * Records a change; to be called in the transaction of the change.
   * @param by the actor, where it was not known when the request began
   */
  record({ id, name: called, fields: told = [], ...trace }: AuditEvent, by?: Actor): void {
    const acting = this.#actors.getStore() ?? SERVER
    const { kind, name: actor } = by ?? acting
    const address = by?.address ?? acting.address ?? null
    // Some names come from clients, who may have put a secret or control characters there.
    const entity = withoutSecrets(id)
    const name = withoutSecrets(called.replaceAll(/\p{Cc}/gu, '·'))
    const fields = told.map(withoutSecretsIn)
    const at = this.#clock.now()
    const row = { ...trace, entity, name, fields, actorKind: kind, actor, address, at }
    this.#ledger.write(() => this.#table.insert(row))
  }

  /**
   * A page of entries, newest first.
   * @param account whose entries; undefined for all accounts
   */
  list(account: AccountRow | undefined, { limit, ...question }: AuditQuestion): AuditPage {
    const filter = { ...question, accountId: account?.id, limit: limit + 1 }
    // Safe: only `record` writes the table.
    const found = this.#table.list(filter) as AuditEntry[]
    const entries = found.slice(0, limit)
    return { entries, next: found.length > limit ? entries.at(-1)?.seq : undefined }
  }
}

function withoutSecretsIn({ field, from, to }: AuditedField): AuditedField {
  return {
    field,
    ...(from !== undefined && { from: withoutSecrets(from) }),
    ...(to !== undefined && { to: withoutSecrets(to) }),
  }
}
