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

/**
 * Two words a slot, so that a large table stays close together in memory: the hash (0 marks a free slot) and
 * the number of a node. A node is a namespace, or a name above one that has no value of its own.
 */
const SLOT_WORDS = 2
/** Two words a node: where its text starts in the pool, and its length with the flag below. */
const NODE_WORDS = 2
/** Something is reserved below this name. */
const BELOW = 1
/** Slots in use, at most: more would make the searches longer, fewer the table larger. */
const MAX_LOAD = 0.7

export class NamespaceIndex<T> {
  #slots = new Uint32Array(16 * SLOT_WORDS)
  #mask = 15
  #nodes = new Uint32Array(16 * NODE_WORDS)
  #pool = new Uint16Array(256)
  #poolEnd = 0
  /** By node number; undefined where nothing is reserved under that very name. */
  readonly #values: (T | undefined)[] = []
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
    const node = this.#ensure(namespace, namespace.length)
    if (this.#values[node] === undefined) this.#size++
    this.#values[node] = value
  }

  /** Removes the value of a namespace; its node stays in the table. */
  delete(namespace: string): boolean {
    const length = namespace.length
    const node = this.#find(this.#hash(namespace, length), namespace, length)
    if (node < 0 || this.#values[node] === undefined) return false
    this.#values[node] = undefined
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
    let best: T | undefined
    let parent: T | undefined
    let bestEnd = 0
    let hash = this.#seed ^ FNV_OFFSET
    for (let end = 0; ; end++) {
      const code = end < channel.length ? channel.charCodeAt(end) : COLON
      if (isBoundary(code)) {
        const node = this.#find(finish(hash), channel, end)
        if (node < 0) break
        const value = this.#values[node]
        if (value !== undefined) {
          parent = best
          best = value
          bestEnd = end
        }
        // Nothing is reserved below this name, so the rest of the channel's need not be looked at.
        if ((this.#nodes[node * NODE_WORDS + 1]! & BELOW) === 0) break
      }
      if (end >= channel.length) break
      hash = Math.imul(hash ^ code, FNV_PRIME)
    }
    return best === undefined ? undefined : { best, parent, exact: bestEnd === channel.length }
  }

  /** Remembers at every shorter name that something lies below it, so that lookups know how far to look. */
  #markAbove(namespace: string): void {
    for (let end = 0; end < namespace.length; end++) {
      if (!isBoundary(namespace.charCodeAt(end))) continue
      const word = this.#ensure(namespace, end) * NODE_WORDS + 1
      this.#nodes[word] = this.#nodes[word]! | BELOW
    }
  }

  #hash(text: string, length: number): number {
    let hash = this.#seed ^ FNV_OFFSET
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME)
    return finish(hash)
  }

  /** The node of a name, or the bitwise complement of the free slot where it belongs. */
  #find(hash: number, text: string, length: number): number {
    const slots = this.#slots
    for (let place = hash & this.#mask; ; place = (place + 1) & this.#mask) {
      const slot = place * SLOT_WORDS
      const found = slots[slot]!
      if (found === 0) return ~slot
      if (found !== hash) continue
      const node = slots[slot + 1]!
      if (this.#isNamed(node, text, length)) return node
    }
  }

  #isNamed(node: number, text: string, length: number): boolean {
    if (this.#nodes[node * NODE_WORDS + 1]! >>> 1 !== length) return false
    const start = this.#nodes[node * NODE_WORDS]!
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
    const node = this.#values.length
    if (node + 1 > (this.#mask + 1) * MAX_LOAD) {
      this.#widen()
      return this.#ensure(text, length)
    }
    this.#slots.set([hash, node], ~found)
    this.#values.push(undefined)
    const words = node * NODE_WORDS
    if (words === this.#nodes.length) this.#nodes = doubled(this.#nodes, words * 2)
    this.#nodes.set([this.#keep(text, length), length << 1], words)
    return node
  }

  /** Puts a text into the pool and says where it starts. */
  #keep(text: string, length: number): number {
    const start = this.#poolEnd
    const end = start + length
    if (end > this.#pool.length) {
      const larger = new Uint16Array(Math.max(this.#pool.length * 2, end))
      larger.set(this.#pool)
      this.#pool = larger
    }
    for (let i = 0; i < length; i++) this.#pool[start + i] = text.charCodeAt(i)
    this.#poolEnd = end
    return start
  }

  #widen(): void {
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

function doubled(words: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length)
  larger.set(words)
  return larger
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
