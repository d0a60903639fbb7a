/** Takes a page out of a list that is in the order of its keys. */
import type { Page, Slice } from './history.ts'
import { firstWhere } from './queue.ts'

export interface Listed<T> {
  readonly key: (item: T) => string
  /** Milliseconds since the epoch; in a list they need not grow, because clocks go back. */
  readonly time: (item: T) => number
  /** About what it takes in memory. */
  readonly bytes: (item: T) => number
}

type List<T> = Pick<readonly T[], 'at' | 'length'>

/** @param list ascending by key; `page.after` is a key, `page.until` a beginning that keys may have */
export function takePage<T>(list: List<T>, listed: Listed<T>, page: Page): Slice<T> {
  const { bytes: bytesOf, key, time } = listed
  const { limit, maxBytes = Infinity } = page
  const [from, to] = bounds(list, listed, page)
  const forwards = page.direction === 'forwards'
  const items: T[] = []
  let bytes = 0
  for (let i = from; i < to; i++) {
    const item = list.at(forwards ? i : to - 1 - (i - from))!
    if (!isInTime(time(item), page)) continue
    const size = bytesOf(item)
    const isFull = items.length === limit || (items.length > 0 && bytes + size > maxBytes)
    if (isFull) return { items, next: key(items.at(-1)!), bytes }
    bytes += size
    items.push(item)
  }
  return { items, next: undefined, bytes }
}

/** From the first index to before the second. */
function bounds<T>(list: List<T>, { key }: Listed<T>, page: Page): readonly [number, number] {
  const { after, direction, until } = page
  // What stands at the position itself begins with it, and is wanted too.
  const to =
    until === undefined
      ? list.length
      : firstWhere(list, (item) => key(item) > until && !key(item).startsWith(until))
  if (after === undefined) return [0, to]
  return direction === 'forwards'
    ? [firstWhere(list, (item) => key(item) > after), to]
    : [
        0,
        Math.min(
          to,
          firstWhere(list, (item) => key(item) >= after),
        ),
      ]
}

function isInTime(time: number, { start, end }: Page): boolean {
  return (start === undefined || time >= start) && (end === undefined || time <= end)
}
