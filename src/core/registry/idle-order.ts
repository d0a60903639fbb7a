/**
 * Things in the order in which they were needed last. They are linked with each other, for moving one to the end is
 * part of every publish to a channel that nobody is on.
 */

export interface Linked<T> {
  /** What was needed before it, and after it. */
  earlier: T | undefined
  later: T | undefined
  isIdle: boolean
}

export class IdleOrder<T extends Linked<T>> {
  #first: T | undefined
  #last: T | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** What has not been needed for the longest time. */
  get first(): T | undefined {
    return this.#first
  }

  /** Puts something at the end, if it is not there already. */
  add(one: T): void {
    if (one.isIdle) return
    one.isIdle = true
    one.earlier = this.#last
    if (this.#last) this.#last.later = one
    else this.#first = one
    this.#last = one
    this.#size++
  }

  delete(one: T): void {
    if (!one.isIdle) return
    const { earlier, later } = one
    if (earlier) earlier.later = later
    else this.#first = later
    if (later) later.earlier = earlier
    else this.#last = earlier
    one.isIdle = false
    one.earlier = undefined
    one.later = undefined
    this.#size--
  }

  /** It is needed now; nothing happens to what is not in the order. */
  touch(one: T): void {
    if (!one.isIdle || this.#last === one) return
    this.delete(one)
    this.add(one)
  }
}
