/**
 * Patterns by their segments, for finding all that match a name: the cost grows with the name, not with how many
 * patterns there are. Where a segment may be itself or `*`, a look-up follows both ways, so that patterns can be
 * written for which it visits twice as much with every segment: `reach` says how much that is at worst.
 */
import { parsePattern } from './pattern.ts'

const ANY = '*'

export class PatternNode<T> {
  /** Value for names that end at this node. */
  here: T
  /** Value for all names that continue after this node: a `*` at the end of the pattern. */
  below: T
  /** The node after a `*` that is not the last segment. */
  one: PatternNode<T> | undefined
  /** Most nodes have at most one literal segment after them; a map for each would take most of the memory. */
  #segment: string | undefined
  #next: PatternNode<T> | undefined
  #others: Map<string, PatternNode<T>> | undefined

  constructor(nothing: T) {
    this.here = nothing
    this.below = nothing
  }

  get hasLiteral(): boolean {
    return this.#next !== undefined
  }

  /** How many literal segments there are after this. */
  get width(): number {
    return (this.#next ? 1 : 0) + (this.#others?.size ?? 0)
  }

  /** The node after a literal segment; the one after `*` is `one`. */
  literal(segment: string): PatternNode<T> | undefined {
    if (this.#segment === segment) return this.#next
    return this.#others?.get(segment)
  }

  *literals(): Generator<readonly [segment: string, node: PatternNode<T>]> {
    if (this.#segment !== undefined && this.#next) yield [this.#segment, this.#next]
    if (this.#others) yield* this.#others
  }

  setLiteral(segment: string, node: PatternNode<T>): void {
    if (this.#segment !== undefined && this.#segment !== segment) {
      this.#others ??= new Map()
      this.#others.set(segment, node)
      return
    }
    this.#segment = segment
    this.#next = node
  }
}

export class PatternTrie<T> {
  readonly #roots = new Map<string, PatternNode<T>>()
  readonly #nothing: T
  #size = 0

  /** @param nothing value of nodes where no pattern ends */
  constructor(nothing: T) {
    this.#nothing = nothing
  }

  /** How many nodes there are: at most as many as all patterns have segments, and one for each qualifier. */
  get size(): number {
    return this.#size
  }

  root(qualifier: string): PatternNode<T> | undefined {
    return this.#roots.get(qualifier)
  }

  /** For names with any qualifier, or none. */
  get anyRoot(): PatternNode<T> | undefined {
    return this.#roots.get(ANY)
  }

  get roots(): ReadonlyMap<string, PatternNode<T>> {
    return this.#roots
  }

  /** Replaces the value at the end of a pattern. */
  put(pattern: string, change: (present: T) => T): void {
    const { qualifier, segments } = parsePattern(pattern)
    let node = this.#roots.get(qualifier)
    if (!node) this.#roots.set(qualifier, (node = this.#newNode()))
    const last = segments.length - 1
    for (const [i, segment] of segments.entries()) {
      if (segment === ANY && i === last) {
        node.below = change(node.below)
        return
      }
      node = this.#child(node, segment)
    }
    node.here = change(node.here)
  }

  /** How many nodes a look-up visits at most, whatever the name. */
  reach(): number {
    let most = 0
    for (const [qualifier, root] of this.#roots) {
      if (qualifier !== ANY) most = Math.max(most, reachOf(root))
    }
    const any = this.#roots.get(ANY)
    return most + (any ? reachOf(any) : 0)
  }

  #child(node: PatternNode<T>, segment: string): PatternNode<T> {
    if (segment === ANY) return (node.one ??= this.#newNode())
    let next = node.literal(segment)
    if (!next) node.setLiteral(segment, (next = this.#newNode()))
    return next
  }

  #newNode(): PatternNode<T> {
    this.#size++
    return new PatternNode(this.#nothing)
  }
}

function reachOf<T>(node: PatternNode<T>): number {
  let most = 0
  for (const [, next] of node.literals()) most = Math.max(most, reachOf(next))
  return 1 + most + (node.one ? reachOf(node.one) : 0)
}

const BRACKET = '['.charCodeAt(0)

/** Where the first segment of a name begins: after its qualifier. */
export function startOf(name: string): number {
  return name.charCodeAt(0) === BRACKET ? name.indexOf(']') + 1 : 0
}

/** @param start of the first segment */
export function qualifierOf(name: string, start: number): string {
  return start === 0 ? '' : name.slice(1, start - 1)
}
