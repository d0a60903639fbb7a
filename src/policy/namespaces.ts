/**
 * Longest-match lookup of a channel name among reserved namespaces.
 *
 * A namespace covers its own name and everything after a boundary (`:` or `/`, itty N-1), and the longest
 * match wins (N-2). The names lie in one open-addressed table of 32-bit words with their text in one pool:
 * a lookup hashes the channel name once, probes at each boundary and allocates nothing, so its cost grows
 * with the name and hardly with the number of reservations (a `Map` of strings costs nine times as much at
 * a million entries as at a thousand; `test/bench/policy.ts`).
 */

const COLON = 58
const SLASH = 47

export function isBoundary(code: number): boolean {
  return code === COLON || code === SLASH
}

/** What a channel name matched: the longest namespace and the next longest above it. */
export interface Match<T> {
  readonly best: T
  readonly parent: T | undefined
  /** Whether the best is the channel's own name and not merely above it. */
  readonly exact: boolean
}

// A slot is four words: hash (0 marks a free slot), where its text starts in the pool,
// its length with a flag for "something is reserved below", and the number of its value (0: none).
const SLOT_WORDS = 4
const BELOW = 1

export class NamespaceIndex<T> {
  #slots = new Uint32Array(16 * SLOT_WORDS)
  #mask = 15
  #used = 0
  #pool = new Uint16Array(256)
  #poolEnd = 0
  #values: (T | undefined)[] = [undefined]
  #free: number[] = []
  #size = 0
  readonly #seed: number

  /** @param seed a random number, so that nobody can choose namespaces whose hashes collide */
  constructor(seed = 0) {
    this.#seed = seed
  }

  /** How many namespaces have a value. */
  get size(): number {
    return this.#size
  }

  /** Sets the value of a namespace; names are not checked here (`policy/reservation.ts` does). */
  set(namespace: string, value: T): void {
    this.#markAbove(namespace)
    const slot = this.#ensure(namespace, namespace.length)
    const number = this.#slots[slot + 3]!
    if (number !== 0) {
      this.#values[number] = value
      return
    }
    const fresh = this.#free.pop() ?? this.#values.length
    this.#values[fresh] = value
    this.#slots[slot + 3] = fresh
    this.#size++
  }

  /** Takes a namespace out; its slot stays as an empty one until the table grows. */
  delete(namespace: string): boolean {
    const slot = this.#find(this.#hash(namespace, namespace.length), namespace, namespace.length)
    const number = slot < 0 ? 0 : this.#slots[slot + 3]!
    if (number === 0) return false
    this.#slots[slot + 3] = 0
    this.#values[number] = undefined
    this.#free.push(number)
    this.#size--
    return true
  }

  /** Every value that is set, in no particular order. */
  *values(): Iterable<T> {
    for (const value of this.#values) {
      if (value !== undefined) yield value
    }
  }

  /** The longest namespace that covers the channel and the one it overrides. */
  match(channel: string): Match<T> | undefined {
    let best = 0
    let parent = 0
    let bestEnd = 0
    let hash = this.#seed ^ FNV_OFFSET
    for (let end = 0; ; end++) {
      const code = end < channel.length ? channel.charCodeAt(end) : COLON
      if (isBoundary(code)) {
        const slot = this.#find(finish(hash), channel, end)
        const number = slot < 0 ? 0 : this.#slots[slot + 3]!
        if (number !== 0) {
          parent = best
          best = number
          bestEnd = end
        }
        // Nothing is reserved below this name, so the rest of the channel's need not be looked at.
        if (slot < 0 || (this.#slots[slot + 2]! & BELOW) === 0) break
      }
      if (end >= channel.length) break
      hash = Math.imul(hash ^ code, FNV_PRIME)
    }
    if (best === 0) return undefined
    return {
      best: this.#values[best]!,
      parent: parent === 0 ? undefined : this.#values[parent],
      exact: bestEnd === channel.length,
    }
  }

  /** Remembers at every shorter name that something lies below it, so that lookups know how far to look. */
  #markAbove(namespace: string): void {
    for (let end = 0; end < namespace.length; end++) {
      if (!isBoundary(namespace.charCodeAt(end))) continue
      const slot = this.#ensure(namespace, end)
      this.#slots[slot + 2] = this.#slots[slot + 2]! | BELOW
    }
  }

  #hash(text: string, length: number): number {
    let hash = this.#seed ^ FNV_OFFSET
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME)
    return finish(hash)
  }

  /** The slot of a name, or the bitwise complement of the free slot where it belongs. */
  #find(hash: number, text: string, length: number): number {
    const slots = this.#slots
    for (let place = hash & this.#mask; ; place = (place + 1) & this.#mask) {
      const slot = place * SLOT_WORDS
      const found = slots[slot]!
      if (found === 0) return ~slot
      if (found === hash && this.#holds(slot, text, length)) return slot
    }
  }

  #holds(slot: number, text: string, length: number): boolean {
    if (this.#slots[slot + 2]! >>> 1 !== length) return false
    const start = this.#slots[slot + 1]!
    const pool = this.#pool
    for (let i = 0; i < length; i++) {
      if (pool[start + i] !== text.charCodeAt(i)) return false
    }
    return true
  }

  #ensure(text: string, length: number): number {
    const hash = this.#hash(text, length)
    const found = this.#find(hash, text, length)
    if (found >= 0) return found
    if ((this.#used + 1) * 2 > this.#mask) {
      this.#grow()
      return this.#ensure(text, length)
    }
    const slot = ~found
    const start = this.#store(text, length)
    this.#slots.set([hash, start, length << 1, 0], slot)
    this.#used++
    return slot
  }

  #store(text: string, length: number): number {
    const start = this.#poolEnd
    if (start + length > this.#pool.length) {
      const larger = new Uint16Array(Math.max(this.#pool.length * 2, start + length))
      larger.set(this.#pool)
      this.#pool = larger
    }
    for (let i = 0; i < length; i++) this.#pool[start + i] = text.charCodeAt(i)
    this.#poolEnd = start + length
    return start
  }

  #grow(): void {
    const old = this.#slots
    const places = (this.#mask + 1) * 2
    this.#slots = new Uint32Array(places * SLOT_WORDS)
    this.#mask = places - 1
    for (let slot = 0; slot < old.length; slot += SLOT_WORDS) {
      if (old[slot] === 0) continue
      let place = old[slot]! & this.#mask
      while (this.#slots[place * SLOT_WORDS] !== 0) place = (place + 1) & this.#mask
      this.#slots.set(old.subarray(slot, slot + SLOT_WORDS), place * SLOT_WORDS)
    }
  }
}

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** Spreads the last characters over all bits; never 0, which marks a free slot. */
function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 15)
  mixed = Math.imul(mixed, 0x2c1b3c6d)
  mixed ^= mixed >>> 12
  return mixed >>> 0 || 1
}
