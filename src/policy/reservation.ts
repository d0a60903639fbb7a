/** Which namespaces may be reserved, and by whom (itty N-3, N-6, N-7). */
import { isBoundary } from './namespaces.ts'

export const MAX_NAMESPACE_BYTES = 200

/** What is wrong with a namespace, or undefined (N-7). */
export function namespaceFault(namespace: string): string | undefined {
  if (namespace === '') return 'it is empty'
  if (!namespace.isWellFormed()) return 'it is not valid Unicode'
  if (Buffer.byteLength(namespace) > MAX_NAMESPACE_BYTES)
    return `it is longer than ${MAX_NAMESPACE_BYTES} bytes`
  if (/\p{Cc}/u.test(namespace)) return 'it contains control characters'
  if (namespace.split(/[:/]/).includes('')) return 'a part of it between : or / is empty'
  return undefined
}

/** Upper and lower case look alike to people, so ownership is decided on folded names (N-6). */
export function fold(namespace: string): string {
  return namespace.toLowerCase()
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
  if (neighbours.some((neighbour) => neighbour.namespace === namespace)) {
    return { allowed: false, failure: 'namespace_taken' }
  }
  if (neighbours.some((neighbour) => neighbour.accountId !== accountId)) {
    return { allowed: false, failure: 'namespace_owned' }
  }
  const folded = fold(namespace)
  const lookalikes = neighbours.filter((neighbour) => fold(neighbour.namespace) === folded)
  return { allowed: true, lookalikes: lookalikes.map((neighbour) => neighbour.namespace) }
}
