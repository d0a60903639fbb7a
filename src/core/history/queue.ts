/** A list that grows at one end and shrinks at the other, at the same cost however long it is. */

/** Half of the array may be used up before it is cut. */
const CUT_AT = 64

export class Queue<T> {
  #items: (T | undefined)[] = []
  #first = 0

  get length(): number {
    return this.#items.length - this.#first
  }

  /** @param index 0 for the oldest */
  at(index: number): T | undefined {
    return this.#items[this.#first + index]
  }

  /** Puts something in the place of what is there. */
  set(index: number, item: T): void {
    this.#items[this.#first + index] = item
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the oldest away. */
  shift(): T | undefined {
    if (this.#first === this.#items.length) return undefined
    const oldest = this.#items[this.#first]
    this.#items[this.#first++] = undefined
    if (this.#first >= CUT_AT && this.#first * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#first)
      this.#first = 0
    }
    return oldest
  }

  /** What stands at an index and after it. */
  slice(from = 0, to = this.length): T[] {
    return this.#items.slice(this.#first + from, this.#first + to) as T[]
  }
}

/**
 * Where something begins to hold in a list in which it holds for all that follows.
 * @returns the length of the list if it holds nowhere
 */
export function firstWhere<T>(
  list: Pick<readonly T[], 'at' | 'length'>,
  holds: (item: T) => boolean,
): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(list.at(middle)!)) high = middle
    else low = middle + 1
  }
  return low
}
