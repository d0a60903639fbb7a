/** Namespaces in the order of a tree: each below the nearest one that covers it. */
import { coversAsWritten } from '../../../policy/names.ts'

export interface Branch<T> {
  readonly item: T
  /** What its name adds to that of the one above, such as `/vault`. */
  readonly part: string
  /** What stands before that. */
  readonly above: string
  readonly below: readonly Branch<T>[]
}

/** @param items sorted by namespace in any way */
export function treeOf<T extends { readonly namespace: string }>(items: readonly T[]): Branch<T>[] {
  const sorted = items.toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1))
  return branches(sorted, '')
}

function branches<T extends { readonly namespace: string }>(
  items: readonly T[],
  above: string,
): Branch<T>[] {
  const tops = items.filter(
    (item) =>
      !items.some((other) => other !== item && coversAsWritten(other.namespace, item.namespace)),
  )
  return tops.map((item) => ({
    item,
    part: item.namespace.slice(above.length),
    above,
    below: branches(
      items.filter((other) => other !== item && coversAsWritten(item.namespace, other.namespace)),
      item.namespace,
    ),
  }))
}
