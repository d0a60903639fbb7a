/** The first few of very many, in an order, without sorting them all. */

export interface Listing<T> {
  readonly items: readonly T[]
  /** How many there are in all. */
  readonly total: number
}

/** @param limit how many are wanted, at least 1; without one, all */
export function firstOf<T>(
  items: Iterable<T>,
  compare: (a: T, b: T) => number,
  limit: number | undefined,
): Listing<T> {
  if (limit === undefined) {
    const all = [...items].sort(compare)
    return { items: all, total: all.length }
  }
  const first: T[] = []
  let total = 0
  for (const item of items) {
    total++
    if (first.length === limit && compare(item, first.at(-1)!) >= 0) continue
    first.splice(placeOf(item, first, compare), 0, item)
    if (first.length > limit) first.pop()
  }
  return { items: first, total }
}

function placeOf<T>(item: T, sorted: readonly T[], compare: (a: T, b: T) => number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(item, sorted[middle]!) < 0) high = middle
    else low = middle + 1
  }
  return low
}
