/** A map that usually has one entry, such as the channels of a client: it saves the 250 bytes of a `Map`. */

export class SmallMap<Value> {
  /** The only entry, while there is but one. */
  #key: string | undefined
  #value: Value | undefined
  /** All of them, once there have been two. */
  #many: Map<string, Value> | undefined

  get size(): number {
    return this.#many?.size ?? (this.#key === undefined ? 0 : 1)
  }

  get(key: string): Value | undefined {
    if (this.#many) return this.#many.get(key)
    return this.#key === key ? this.#value : undefined
  }

  has(key: string): boolean {
    return this.#many?.has(key) ?? this.#key === key
  }

  set(key: string, value: Value): void {
    if (!this.#many && (this.#key === undefined || this.#key === key)) {
      this.#key = key
      this.#value = value
      return
    }
    this.#many ??= new Map(this.#entries())
    this.#many.set(key, value)
    this.#dropOnly()
  }

  delete(key: string): void {
    if (this.#many) this.#many.delete(key)
    else if (this.#key === key) this.#dropOnly()
  }

  clear(): void {
    this.#many = undefined
    this.#dropOnly()
  }

  keys(): readonly string[] {
    if (this.#many) return [...this.#many.keys()]
    return this.#key === undefined ? [] : [this.#key]
  }

  values(): readonly Value[] {
    if (this.#many) return [...this.#many.values()]
    return this.#key === undefined ? [] : [this.#value!]
  }

  /** In the order in which they came. Entries may be deleted in between. */
  [Symbol.iterator](): IterableIterator<readonly [key: string, value: Value]> {
    return (this.#many ?? this.#entries())[Symbol.iterator]()
  }

  #entries(): readonly (readonly [key: string, value: Value])[] {
    return this.#key === undefined ? [] : [[this.#key, this.#value!]]
  }

  #dropOnly(): void {
    this.#key = undefined
    this.#value = undefined
  }
}
