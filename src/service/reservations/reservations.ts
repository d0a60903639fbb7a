/** Reservations: namespaces that an account keeps for itself, with the keys that open them. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import type { Keyring } from '../../identity/keyring.ts'
import type { ChannelOptions } from '../../policy/channel-access.ts'
import { beginsWithBracket, foldName } from '../../policy/names.ts'
import { coveringNames, decideOwnership, fold, namespaceFault } from '../../policy/reservation.ts'
import { StartError } from '../../start-error.ts'
import { AppTable } from '../../store/tables/apps.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { type ReservationRow, ReservationTable } from '../../store/tables/reservations.ts'
import type { Account } from '../accounts/accounts.ts'
import type { Action, AuditService, AuditEvent } from '../audit/audit.ts'
import { newId } from '../id.ts'
import type { ServiceParts } from '../service-parts.ts'
import {
  EMPTY_ROW,
  type ReservationChange,
  auditedFields,
  keyFault,
  optionsOf,
} from './reservation-fields.ts'
import {
  type NameWarning,
  warningsAbout,
  holderOf,
  rowsAround,
  secretFault,
} from './reserved-names.ts'

/** A reservation as its owner sees it, with keys in plain text; undefined where there is none. */
export interface OwnedReservation {
  readonly id: string
  readonly accountId: string
  readonly namespace: string
  readonly joinKey: string | undefined
  readonly sendKey: string | undefined
  readonly options: ChannelOptions
  readonly createdAt: number
  readonly updatedAt: number
}

/** The reservation after a change, with warnings about what its owner may not have meant. */
export interface Reserved {
  readonly reservation: OwnedReservation
  readonly warnings: string[]
}

export class ReservationService {
  readonly #ledger: Ledger
  readonly #table: ReservationTable
  readonly #apps: AppTable
  readonly #keyring: Keyring
  readonly #clock: Clock
  readonly #quota: number
  readonly #audit: AuditService

  /** @param quota reservations of one account; 0 for no limit */
  constructor({ store, ledger, clock, audit }: ServiceParts, keyring: Keyring, quota: number) {
    this.#ledger = ledger
    this.#table = new ReservationTable(store)
    this.#apps = new AppTable(store)
    this.#keyring = keyring
    this.#clock = clock
    this.#quota = quota
    this.#audit = audit
  }

  /** How many reservations an account may have; 0 for no limit. */
  get quota(): number {
    return this.#quota
  }

  list(account: Account | undefined): OwnedReservation[] {
    return this.#table.list(account?.id).map((row) => this.#owned(row))
  }

  /** Warnings about reservations made before names were folded, which may not hold as their owners think. */
  nameWarnings(account: Account | undefined): NameWarning[] {
    const nameWarnings = warningsAbout(this.#table.list(undefined))
    return account ? nameWarnings.filter(({ accountId }) => accountId === account.id) : nameWarnings
  }

  /** By id or by namespace. */
  find(idOrNamespace: string): Result<OwnedReservation> {
    const row = this.#row(idOrNamespace)
    return row ? ok(this.#owned(row)) : fail('reservation_unknown')
  }

  add(account: Account, namespace: string, change: ReservationChange): Result<Reserved> {
    const fault = namespaceFault(namespace) ?? secretFault(namespace)
    if (fault !== undefined)
      return fail('namespace_invalid', `the namespace is not valid: ${fault}`)
    const faultOfKey = keyFault(change)
    if (faultOfKey !== undefined) return fail('invalid', faultOfKey)
    return this.#ledger.write((): Result<Reserved> => {
      const neighbours = rowsAround(this.#table, namespace)
      const verdict = decideOwnership(account.id, namespace, neighbours)
      if (!verdict.allowed) return fail(verdict.failure)
      if (this.#quota > 0 && this.#table.countOf(account.id) >= this.#quota) {
        return fail(
          'quota_reached',
          `the account has used its ${this.#quota} reservations (--max-reservations)`,
        )
      }
      const app = this.#app(account.id, change.app)
      if (!app.ok) return app
      const now = this.#clock.now()
      const row: ReservationRow = {
        ...EMPTY_ROW,
        ...this.#patch(change),
        ...app.value,
        id: newId(),
        accountId: account.id,
        namespace,
        folded: fold(namespace),
        createdAt: now,
        updatedAt: now,
      }
      this.#table.insert(row)
      this.#note('add', row, auditedFields(EMPTY_ROW, row))
      const lookalikes = verdict.lookalikes.map(
        (other) => `${other} is reserved too and differs only by case`,
      )
      return ok({
        reservation: this.#owned(row),
        warnings: [...lookalikes, ...this.#keyWarnings(row)],
      })
    })
  }

  change(idOrNamespace: string, change: ReservationChange): Result<Reserved> {
    const fault = keyFault(change)
    if (fault !== undefined) return fail('invalid', fault)
    return this.#ledger.write((): Result<Reserved> => {
      const row = this.#row(idOrNamespace)
      if (!row) return fail('reservation_unknown')
      if (typeof change.app === 'string' && beginsWithBracket(row.namespace))
        return fail(
          'namespace_invalid',
          'a namespace that begins with [ cannot be linked to an app',
        )
      const app = this.#app(row.accountId, change.app)
      if (!app.ok) return app
      const patch = { ...this.#patch(change), ...app.value, updatedAt: this.#clock.now() }
      this.#table.update(row, patch)
      const changed = { ...row, ...patch }
      this.#note('change', row, auditedFields(row, changed))
      return ok({ reservation: this.#owned(changed), warnings: this.#keyWarnings(changed) })
    })
  }

  remove(idOrNamespace: string): Result<OwnedReservation> {
    return this.#ledger.write((): Result<OwnedReservation> => {
      const row = this.#row(idOrNamespace)
      if (!row) return fail('reservation_unknown')
      this.#table.remove(row)
      this.#note('remove', row, [])
      return ok(this.#owned(row))
    })
  }

  #note(action: Action, row: ReservationRow, fields: NonNullable<AuditEvent['fields']>): void {
    const { id, namespace: name, accountId } = row
    this.#audit.record({ action, kind: 'reservation', id, name, accountId, fields })
  }

  /** Finds a row by id or namespace; other spellings of a namespace find the oldest reservation of it. */
  #row(idOrNamespace: string): ReservationRow | undefined {
    const exact = this.#table.byId(idOrNamespace) ?? this.#table.byNamespace(idOrNamespace)
    return exact ?? holderOf(this.#table, idOrNamespace)
  }

  #patch(change: ReservationChange) {
    const { joinKey, sendKey, explainRefusals, guardEvents, legacyUsers } = change
    return {
      ...(joinKey !== undefined && {
        joinKey: joinKey === null ? null : this.#keyring.seal(joinKey),
        joinDigest: joinKey === null ? null : Buffer.from(this.#keyring.digest(joinKey)),
      }),
      ...(sendKey !== undefined && {
        sendKey: sendKey === null ? null : this.#keyring.seal(sendKey),
        sendDigest: sendKey === null ? null : Buffer.from(this.#keyring.digest(sendKey)),
      }),
      ...(explainRefusals !== undefined && { explainRefusals }),
      ...(guardEvents !== undefined && { guardEvents }),
      ...(legacyUsers !== undefined && { legacyUsers }),
    }
  }

  /** Finds the app to link; an app of another account is answered as unknown. */
  #app(
    accountId: string,
    wanted: string | null | undefined,
  ): Result<Pick<ReservationRow, 'appId'> | undefined> {
    if (wanted === undefined) return ok(undefined)
    if (wanted === null) return ok({ appId: null })
    const byId = this.#apps.byId(wanted)
    const found = byId?.accountId === accountId ? byId : this.#apps.ofAccount(accountId, wanted)
    return found ? ok({ appId: found.id }) : fail('app_not_found')
  }

  /** Warns where a reservation below another loses a key: it replaces the one above as a whole (AC-30). */
  #keyWarnings(row: ReservationRow): string[] {
    const above = coveringNames(foldName(row.namespace)).slice(0, -1)
    const parent = above.map((name) => holderOf(this.#table, name)).findLast((found) => found)
    if (!parent) return []
    const lost = [
      parent.joinDigest && !row.joinDigest ? 'join' : undefined,
      parent.sendDigest && !row.sendDigest ? 'send' : undefined,
    ].filter((kind) => kind !== undefined)
    return lost.map(
      (kind) =>
        `${row.namespace} has no ${kind} key and does not inherit the one of ${parent.namespace}`,
    )
  }

  /** Throws for a key that cannot be opened: clients still have to present it, so it must not look absent. */
  #opened(row: ReservationRow, sealed: Buffer | null): string | undefined {
    if (sealed === null) return undefined
    const key = this.#keyring.open(sealed)
    if (key === undefined) throw new StartError(`a stored key of ${row.namespace} is damaged`)
    return key
  }

  #owned(row: ReservationRow): OwnedReservation {
    return {
      id: row.id,
      accountId: row.accountId,
      namespace: row.namespace,
      joinKey: this.#opened(row, row.joinKey),
      sendKey: this.#opened(row, row.sendKey),
      options: optionsOf(row),
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
    }
  }
}
