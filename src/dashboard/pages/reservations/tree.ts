/** Namespaces in the order of a tree: each below the nearest one that covers it. */
import { isBoundary } from '../../../policy/namespaces.ts'

export interface Branch<T> {
  readonly item: T
  /** The part of its name after the parent's, such as `/vault`. */
  readonly part: string
  /** The part of its name that is the parent's. */
  readonly above: string
  readonly below: readonly Branch<T>[]
}

/** Looks up each shorter name in a set, so that the cost for each name does not grow with their number. */
export function treeOf<T extends { readonly namespace: string }>(items: readonly T[]): Branch<T>[] {
  const sorted = items.toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1))
  const byName = new Map(sorted.map((item) => [item.namespace, item]))
  const below = new Map<T | undefined, T[]>()
  for (const item of sorted) {
    const above = nearestAbove(item.namespace, byName)
    const others = below.get(above)
    if (others) others.push(item)
    else below.set(above, [item])
  }
  return branches(below, undefined)
}

function nearestAbove<T>(name: string, byName: ReadonlyMap<string, T>): T | undefined {
  for (let end = name.length - 1; end > 0; end--) {
    const above = isBoundary(name.charCodeAt(end)) ? byName.get(name.slice(0, end)) : undefined
    if (above !== undefined) return above
  }
  return undefined
}

function branches<T extends { readonly namespace: string }>(
  below: ReadonlyMap<T | undefined, readonly T[]>,
  item: T | undefined,
): Branch<T>[] {
  const above = item?.namespace ?? ''
  return (below.get(item) ?? []).map((one) => ({
    item: one,
    part: one.namespace.slice(above.length),
    above,
    below: branches(below, one),
  }))
}
