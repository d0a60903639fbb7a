/** Stored reservations by their folded names, and those of them that new ones could not be made like. */
import { beginsWithBracket, foldName } from '../../policy/names.ts'
import { coveringNames, curtailed, fold, oldestFirst, overruled } from '../../policy/reservation.ts'
import type { Store } from '../../store/database.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { readFact, writeFact } from '../../store/tables/facts.ts'
import {
  type ReservationRow,
  ReservationTable,
  type ReservedName,
  readReservedNames,
} from '../../store/tables/reservations.ts'
import { withoutSecrets } from '../../text/secrets.ts'

/** The reservations at, above and below a namespace, in any spelling and of any case. */
export function rowsAround(table: ReservationTable, namespace: string): ReservationRow[] {
  const folded = fold(namespace)
  return table.related(folded, coveringNames(folded))
}

/** A name is read by many; somebody has put a key in its place. */
export function secretFault(namespace: string): string | undefined {
  return withoutSecrets(namespace) === namespace ? undefined : 'it looks like a key or a token'
}

/** The reservation of a name in any spelling: the oldest. */
export function holderOf(table: ReservationTable, name: string): ReservationRow | undefined {
  const folded = foldName(name)
  return table
    .byFolded(fold(name))
    .filter(({ namespace }) => foldName(namespace) === folded)
    .toSorted(oldestFirst)[0]
}

/** A reservation from before names were folded that does not do what its owner may think. */
export interface NameWarning {
  readonly id: string
  readonly accountId: string
  readonly namespace: string
  /** A sentence about the name, without the name. */
  readonly because: string
}

/** @param rows all there are, or all that may be in each other's way */
export function warningsAbout(rows: readonly ReservedName[]): NameWarning[] {
  const lost = overruled(rows)
  const less = curtailed(rows, lost)
  const nameWarnings: NameWarning[] = []
  for (const row of rows) {
    const { id, accountId, namespace } = row
    const because =
      warningAbout(row, lost.get(row)) ??
      (less.has(row)
        ? 'covers less than it seems: another account reserved a name below it earlier'
        : undefined)
    if (because !== undefined) nameWarnings.push({ id, accountId, namespace, because })
  }
  return nameWarnings
}

function warningAbout(
  { namespace }: ReservedName,
  rival: ReservedName | undefined,
): string | undefined {
  if (rival && foldName(rival.namespace) === foldName(namespace))
    return 'is another spelling of a name that was reserved earlier, which holds in its place'
  if (rival)
    return 'lies below a name that another account reserved earlier, which holds in its place'
  if (foldName(namespace) === '') return 'has no character that is seen, and covers nothing'
  if (beginsWithBracket(namespace))
    return 'begins with [, so its channels are never those of an app'
  return undefined
}

/**
 * The nameWarnings about the names in a data folder, which is only looked at.
 * @throws where its database cannot be read
 */
export function nameWarningsIn(folder: string): NameWarning[] {
  return warningsAbout(readReservedNames(folder))
}

const FOLDING = 'folding'
/** Changes with how names are folded, of which the version of Unicode is a part. */
const CURRENT = `1 ${process.versions['unicode'] ?? ''}`

/** Folds the stored names anew where that was last done differently, or never. */
export function refoldNames(store: Store, ledger: Ledger): void {
  if (readFact(store, FOLDING)?.toString() === CURRENT) return
  const table = new ReservationTable(store)
  ledger.write(() => {
    for (const { id, namespace, folded } of table.list(undefined))
      if (fold(namespace) !== folded) table.refold(id, fold(namespace))
    writeFact(store, FOLDING, Buffer.from(CURRENT))
  })
}
