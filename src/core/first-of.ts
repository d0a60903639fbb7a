/** The first few of very many, in an order, without sorting them all. */

export interface Listing<T> {
  readonly items: readonly T[]
  /** How many there are in all. */
  readonly total: number
}

type Compare<T> = (a: T, b: T) => number

/** @param limit how many are wanted, at least 1; without one, all */
export function firstOf<T>(
  items: Iterable<T>,
  compare: Compare<T>,
  limit: number | undefined,
): Listing<T> {
  if (limit === undefined) {
    const all = [...items].sort(compare)
    return { items: all, total: all.length }
  }
  const first = new Heap(compare)
  let total = 0
  for (const item of items) {
    if (first.size < limit) first.add({ item, place: total })
    else if (compare(item, first.last) < 0) first.replaceLast({ item, place: total })
    total++
  }
  return { items: first.inOrder(), total }
}

interface Placed<T> {
  readonly item: T
  /** Of equals, the one that came before stays before. */
  readonly place: number
}

/** With the last of its items on top, so that it can be found, and made room of, in few steps. */
class Heap<T> {
  readonly #compare: Compare<T>
  readonly #items: Placed<T>[] = []

  constructor(compare: Compare<T>) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  get last(): T {
    return this.#items[0]!.item
  }

  add(placed: Placed<T>): void {
    const items = this.#items
    let at = items.length
    items.push(placed)
    while (at > 0) {
      const above = (at - 1) >>> 1
      if (this.#isBehind(items[above]!, placed)) break
      items[at] = items[above]!
      at = above
    }
    items[at] = placed
  }

  replaceLast(placed: Placed<T>): void {
    const items = this.#items
    let at = 0
    for (let below = 1; below < items.length; below = 2 * at + 1) {
      const other = below + 1
      const later =
        other < items.length && this.#isBehind(items[other]!, items[below]!) ? other : below
      if (this.#isBehind(placed, items[later]!)) break
      items[at] = items[later]!
      at = later
    }
    items[at] = placed
  }

  inOrder(): T[] {
    return this.#items
      .toSorted((a, b) => this.#compare(a.item, b.item) || a.place - b.place)
      .map(({ item }) => item)
  }

  #isBehind(a: Placed<T>, b: Placed<T>): boolean {
    return (this.#compare(a.item, b.item) || a.place - b.place) > 0
  }
}
