/** Previews a reservation: whether it can be made, what it would cover and what it would override. */
import type { Keyring } from '../../identity/keyring.ts'
import type { Reservation } from '../../policy/channel-access.ts'
import { type FoldedNames, covers, foldName } from '../../policy/names.ts'
import { decideOwnership, namespaceFault } from '../../policy/reservation.ts'
import type { Store } from '../../store/database.ts'
import { type ReservationRow, ReservationTable } from '../../store/tables/reservations.ts'
import type { Account } from '../accounts/accounts.ts'
import { rulesOf, toRule } from './reservation-directory.ts'
import { rowsAround, secretFault } from './reserved-names.ts'

export interface ReservationPreview {
  readonly namespace: string
  /** Why it cannot be reserved; undefined where it can. */
  readonly obstacle: string | undefined
  /** The reservation above that it would override for this part. */
  readonly overrides: Neighbour | undefined
  /** Reservations below, which keep their own keys and options. */
  readonly below: readonly string[]
  /** Reserved names that differ by case only. */
  readonly lookalikes: readonly string[]
}

export interface Neighbour {
  readonly namespace: string
  readonly hasJoinKey: boolean
  readonly hasSendKey: boolean
}

/** Keys in plain text; undefined leaves a field unchanged, null clears it. */
export interface RuleChange {
  readonly joinKey?: string | null
  readonly sendKey?: string | null
  readonly appId?: string | null
}

/** The rules for a namespace and its surroundings after a change; other reservations are left out. */
export type ChangedRules = FoldedNames<Reservation>

export class ReservationPreviewService {
  readonly #table: ReservationTable
  readonly #keyring: Keyring

  constructor(store: Store, keyring: Keyring) {
    this.#table = new ReservationTable(store)
    this.#keyring = keyring
  }

  /** @param account who would own it */
  of(account: Account, namespace: string): ReservationPreview {
    const fault = namespaceFault(namespace) ?? secretFault(namespace)
    const neighbours = fault === undefined ? rowsAround(this.#table, namespace) : []
    const others = neighbours.filter((other) => other.namespace !== namespace)
    const overridden = others
      .filter((other) => covers(other.namespace, namespace))
      .toSorted((a, b) => foldName(a.namespace).length - foldName(b.namespace).length)
      .at(-1)
    const below = others.filter((other) => covers(namespace, other.namespace))
    const verdict = decideOwnership(account.id, namespace, neighbours)
    return {
      namespace,
      obstacle: fault ?? obstacleOf(verdict, account, neighbours, namespace),
      overrides: overridden && neighbourOf(overridden),
      below: below.map((other) => other.namespace),
      lookalikes: verdict.allowed ? verdict.lookalikes : [],
    }
  }

  /** The rules if a namespace were reserved, or its reservation changed. */
  changed(account: Account, namespace: string, change: RuleChange): ChangedRules {
    const rows = rowsAround(this.#table, namespace)
    const rules = rulesOf(rows)
    const present = rows.find((row) => row.namespace === namespace)
    // An older reservation of that name holds in its place.
    if (present && rules.match(namespace)?.best.id !== present.id) return rules
    const before: Reservation = present
      ? toRule(present)
      : { id: '', accountId: account.id, namespace, keys: {}, options: {} }
    rules.set(namespace, this.#apply(before, change))
    return rules
  }

  /** The rules if a namespace were given back. */
  removed(namespace: string): ChangedRules {
    return rulesOf(rowsAround(this.#table, namespace).filter((row) => row.namespace !== namespace))
  }

  #apply(before: Reservation, { joinKey, sendKey, appId }: RuleChange): Reservation {
    const join = this.#digest(joinKey, before.keys.join)
    const send = this.#digest(sendKey, before.keys.send)
    const { appId: linked, ...options } = before.options
    const app = appId === undefined ? linked : (appId ?? undefined)
    return {
      ...before,
      keys: { ...(join && { join }), ...(send && { send }) },
      options: { ...options, ...(app !== undefined && { appId: app }) },
    }
  }

  #digest(key: string | null | undefined, before: Uint8Array | undefined): Uint8Array | undefined {
    if (key === undefined) return before
    return key === null ? undefined : this.#keyring.digest(key)
  }
}

function obstacleOf(
  verdict: ReturnType<typeof decideOwnership>,
  account: Account,
  neighbours: readonly ReservationRow[],
  namespace: string,
): string | undefined {
  if (verdict.allowed) return undefined
  if (verdict.failure === 'namespace_owned')
    return 'it lies under or above a name of another account'
  const name = foldName(namespace)
  const taken = neighbours.find((row) => foldName(row.namespace) === name)
  if (taken?.accountId !== account.id) return 'it is reserved already'
  const spelling = taken.namespace === namespace ? '' : `, as ${taken.namespace}`
  return `it is reserved already, by this account${spelling}`
}

function neighbourOf({ namespace, joinDigest, sendDigest }: ReservationRow): Neighbour {
  return { namespace, hasJoinKey: joinDigest !== null, hasSendKey: sendDigest !== null }
}
