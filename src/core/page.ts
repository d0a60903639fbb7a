/** Takes a page out of a list that is in the order of its keys. */
import type { Page, Slice } from './history.ts'

export interface Listed<T> {
  readonly key: (item: T) => string
  /** Milliseconds since the epoch; in a list they need not grow, because clocks go back. */
  readonly time: (item: T) => number
}

/** @param list ascending by key; `page.after` is a key, `page.until` a beginning that keys may have */
export function takePage<T>(list: readonly T[], { key, time }: Listed<T>, page: Page): Slice<T> {
  const forwards = page.direction === 'forwards'
  const items: T[] = []
  const { length } = list
  for (let i = 0; i < length; i++) {
    const item = list[forwards ? i : length - 1 - i]!
    if (!isWanted(key(item), time(item), page)) continue
    if (items.length === page.limit) return { items, next: key(items.at(-1)!) }
    items.push(item)
  }
  return { items, next: undefined }
}

function isWanted(key: string, time: number, page: Page): boolean {
  const { after, until, start, end } = page
  if (start !== undefined && time < start) return false
  if (end !== undefined && time > end) return false
  if (after !== undefined && (page.direction === 'forwards' ? key <= after : key >= after)) {
    return false
  }
  // What stands at the position itself begins with it, and is wanted too.
  return until === undefined || key <= until || key.startsWith(until)
}
