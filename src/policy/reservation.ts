/** Which namespaces may be reserved, and by whom (itty N-3, N-6, N-7). */
import { beginsWithBracket, foldName } from './names.ts'
import { isBoundary } from './namespaces.ts'

export const MAX_NAMESPACE_BYTES = 200

/** What is wrong with a namespace, or undefined (N-7). */
export function namespaceFault(namespace: string): string | undefined {
  if (namespace === '') return 'it is empty'
  if (!namespace.isWellFormed()) return 'it is not valid Unicode'
  if (Buffer.byteLength(namespace) > MAX_NAMESPACE_BYTES)
    return `it is longer than ${MAX_NAMESPACE_BYTES} bytes`
  if (/\p{Cc}/u.test(namespace)) return 'it contains control characters'
  if (/\p{Cf}/u.test(namespace)) return 'it contains format characters, which nobody sees'
  const parts = namespace.split(BOUNDARY)
  if (parts.includes('')) return 'a part of it between : or / is empty'
  if (parts.some((part) => part.trim() !== part)) return 'a part of it begins or ends with a space'
  return faultOfFolded(parts.map(foldName))
}

const BOUNDARY = /[:/]/

/** @param parts each folded by itself, so that a character that folds to a separator is found in them */
function faultOfFolded(parts: readonly string[]): string | undefined {
  if (parts.some((part) => BOUNDARY.test(part)))
    return 'a character in it stands for : or /, which must be written as such'
  if (parts.includes('')) return 'a part of it has no character that is seen'
  if (beginsWithBracket(parts[0]!))
    return 'it begins with [, as names of apps do that ask for something'
  return undefined
}

/** Upper and lower case look alike to people, so ownership is decided without them (N-6). */
export function fold(namespace: string): string {
  return foldName(namespace).toLowerCase()
}

/** The namespace and each shorter one that covers it. */
export function coveringNames(namespace: string): string[] {
  const names: string[] = []
  for (let end = 0; end < namespace.length; end++) {
    if (isBoundary(namespace.charCodeAt(end))) names.push(namespace.slice(0, end))
  }
  return [...names, namespace]
}

/** A reservation that lies above, at or below the wanted one when case is ignored. */
export interface Neighbour {
  readonly accountId: string
  readonly namespace: string
}

export type OwnershipVerdict =
  | { readonly allowed: true; readonly lookalikes: string[] }
  | { readonly allowed: false; readonly failure: 'namespace_taken' | 'namespace_owned' }

/** First come, first served: neither below a name of another account nor above one (N-3). */
export function decideOwnership(
  accountId: string,
  namespace: string,
  neighbours: readonly Neighbour[],
): OwnershipVerdict {
  const name = foldName(namespace)
  if (neighbours.some((neighbour) => foldName(neighbour.namespace) === name)) {
    return { allowed: false, failure: 'namespace_taken' }
  }
  if (neighbours.some((neighbour) => neighbour.accountId !== accountId)) {
    return { allowed: false, failure: 'namespace_owned' }
  }
  const folded = fold(namespace)
  const lookalikes = neighbours.filter((neighbour) => fold(neighbour.namespace) === folded)
  return { allowed: true, lookalikes: lookalikes.map((neighbour) => neighbour.namespace) }
}

/** What decides which of two stored reservations came first. */
export interface Held extends Neighbour {
  readonly id: string
  readonly createdAt: number
}

/**
 * Reservations that have no effect because of an older one: of the same name in another spelling, or above it and of
 * another account. New ones of that kind are refused (`decideOwnership`); these were made before names were folded.
 * @returns by reservation, the older one that is in effect
 */
export function overruled<T extends Held>(held: readonly T[]): Map<T, T> {
  const lost = new Map<T, T>()
  // Most servers have no such names; then no two fold to the same.
  if (held.every(({ namespace }) => foldName(namespace) === namespace)) return lost
  const holders = new Map<string, T>()
  for (const one of held.toSorted(oldestFirst)) {
    const folded = foldName(one.namespace)
    const rival = holders.get(folded) ?? strangerAbove(one, folded, holders)
    if (rival) lost.set(one, rival)
    else holders.set(folded, one)
  }
  return lost
}

/** Reservations that do not cover every name below them, because an older one of another account covers some. */
export function curtailed<T extends Held>(held: readonly T[], lost: ReadonlyMap<T, T>): Map<T, T> {
  const found = new Map<T, T>()
  if (held.every(({ namespace }) => foldName(namespace) === namespace)) return found
  const holding = held.filter((one) => !lost.has(one))
  const holders = new Map(holding.map((one) => [foldName(one.namespace), one]))
  for (const [folded, one] of holders) {
    const above = strangerAbove(one, folded, holders)
    if (above) found.set(above, one)
  }
  return found
}

function strangerAbove<T extends Held>(
  { accountId }: T,
  folded: string,
  holders: ReadonlyMap<string, T>,
): T | undefined {
  return coveringNames(folded)
    .slice(0, -1)
    .map((name) => holders.get(name))
    .find((above) => above !== undefined && above.accountId !== accountId)
}

/** Sorts the oldest first; of two made in the same millisecond the ids decide, so that the order is always the same. */
export function oldestFirst(a: Held, b: Held): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)
}
