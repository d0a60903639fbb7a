/**
 * The name of this server in the serials of operations on objects. Clients and objects keep it for long, so it is among
 * the settings: it is the same after a restart, in a restored backup, and on all nodes that share their settings.
 */
import type { Store } from '../store/database.ts'
import type { Ledger } from '../store/ledger/ledger.ts'
import { readFact, writeFact } from '../store/tables/facts.ts'

const FACT = 'site-code'
const LENGTH = 6

export interface SiteCodeParts {
  readonly store: Store
  readonly ledger: Pick<Ledger, 'write'>
  /** Gives a text of letters, digits, `-` and `_`. */
  readonly random: (length: number) => string
}

/** Makes it at the first start. */
export function siteCodeOf({ ledger, random, store }: SiteCodeParts): string {
  const known = readFact(store, FACT)?.toString()
  if (known !== undefined) return known
  const made = random(LENGTH).replaceAll(/[-_]/g, '0')
  ledger.write(() => writeFact(store, FACT, Buffer.from(made)))
  return made
}
