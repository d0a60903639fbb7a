/** Finds stored reservations by folded name, and warns about old ones that could not be made today. */
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

/** The reservations at, above and below a namespace, in any spelling and case. */
export function rowsAround(table: ReservationTable, namespace: string): ReservationRow[] {
  const folded = fold(namespace)
  return table.related(folded, coveringNames(folded))
}

/** Refuses a namespace that looks like a secret: names are shown to many people. */
export function secretFault(namespace: string): string | undefined {
  return withoutSecrets(namespace) === namespace ? undefined : 'it looks like a key or a token'
}

/** The oldest reservation of a name, in any spelling. */
export function holderOf(table: ReservationTable, name: string): ReservationRow | undefined {
  const folded = foldName(name)
  return table
    .byFolded(fold(name))
    .filter(({ namespace }) => foldName(namespace) === folded)
    .toSorted(oldestFirst)[0]
}

/** A reservation made before names were folded that may not hold as its owner thinks. */
export interface NameWarning {
  readonly id: string
  readonly accountId: string
  readonly namespace: string
  /** The rest of a sentence that begins with the name. */
  readonly because: string
}

/** @param rows all reservations, or all that can affect each other */
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
 * The warnings about the names in a data folder, which is only read.
 * @throws where its database cannot be read
 */
export function nameWarningsIn(folder: string): NameWarning[] {
  return warningsAbout(readReservedNames(folder))
}

const FOLDING = 'folding'
/** Identifies the folding of names, which depends on the version of Unicode. */
const CURRENT = `1 ${process.versions['unicode'] ?? ''}`

/** Folds all stored names again where another version of the folding was used last, or none. */
export function refoldNames(store: Store, ledger: Ledger): void {
  if (readFact(store, FOLDING)?.toString() === CURRENT) return
  const table = new ReservationTable(store)
  ledger.write(() => {
    for (const { id, namespace, folded } of table.list(undefined))
      if (fold(namespace) !== folded) table.refold(id, fold(namespace))
    writeFact(store, FOLDING, Buffer.from(CURRENT))
  })
}
