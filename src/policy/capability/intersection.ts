/**
 * What two capabilities both permit: a token never permits more than its key, because it gets what its own capability
 * and that of the key have in common. They are walked together, as tries: where lines of one lie below lines of the
 * other, as nearly always, that costs what there is of both. Lines whose `*` cross, as `a:*` and `*:b`, can have as
 * many patterns in common as there are pairs of them, so the walk and its result are bounded.
 */
import { type Result, fail, ok } from '../../failure.ts'
import { MAX_PATTERNS, boundsFault } from './bounds.ts'
import type { Capability } from './capability.ts'
import { CapabilityChecker } from './checker.ts'
import {
  type OperationSet,
  NO_OPERATIONS,
  intersectOperations,
  isSubset,
  uniteOperations,
} from './operations.ts'
import { type PatternNode, PatternTrie } from './trie.ts'

/** Bound of the pairs of nodes that are visited: some for each node of both, and enough for small capabilities to cross. */
const STEPS_PER_NODE = 4
const STEPS_AT_LEAST = 20_000
/** Writing this many characters counts as one more step. */
const LETTERS_PER_STEP = 32

type Node = PatternNode<OperationSet>

/** The nodes that the same names reach in both tries. */
interface PatternPair {
  /** Undefined where that trie has no node here, and only a `*` further up covers the names. */
  readonly left: Node | undefined
  readonly right: Node | undefined
  /** Operations that a `*` further up permits here. */
  readonly leftRest: OperationSet
  readonly rightRest: OperationSet
  /** The pattern of the names, with its qualifier. */
  readonly text: string
  readonly isRoot: boolean
  /** Whether a line of that capability begins with exactly this pattern. */
  readonly isLeft: boolean
  readonly isRight: boolean
}

/**
 * For every name, the operations that `a` and `b` both permit; empty where there are none.
 * @returns `capability_invalid` where working it out would take too many steps, or the result too many lines
 */
export function intersect(a: Capability, b: Capability): Result<Capability> {
  if (isSame(a, b)) return ok(a)
  const walk = new IntersectionWalk(a, b)
  if (!walk.run()) return tooMuch('has patterns that cross in too many ways')
  const fault = boundsFault([...walk.nested.keys()])
  if (fault !== undefined) return tooMuch(`has ${fault}`)
  if (walk.crossed.size === 0) return ok(walk.nested)
  const both = withNews(walk.nested, walk.crossed)
  const resultFault = boundsFault([...both.keys()])
  return resultFault === undefined ? ok(both) : tooMuch(`has ${resultFault}`)
}

/** Whether both are equal: a token with the whole capability of its key gets it, however large it is. */
function isSame(a: Capability, b: Capability): boolean {
  if (a.size !== b.size) return false
  for (const [resource, operations] of a) if (b.get(resource) !== operations) return false
  return true
}

function tooMuch(what: string): Result<Capability> {
  const both = 'what both the token and its API key permit'
  return fail('capability_invalid', `the capability is too large: ${both} ${what}`)
}

function trieOf(capability: Capability): PatternTrie<OperationSet> {
  const trie = new PatternTrie(NO_OPERATIONS)
  for (const [resource, operations] of capability)
    trie.put(resource, (present) => uniteOperations(present, operations))
  return trie
}

/** Walks through two capabilities at the same time. */
export class IntersectionWalk {
  /** Lines of the result that are also lines of one of the two capabilities. */
  readonly nested = new Map<string, OperationSet>()
  /** Lines of the result that are in neither, as `a:c:b` from `a:*:b` and `a:c:*`. */
  readonly crossed = new Map<string, OperationSet>()
  readonly #left: PatternTrie<OperationSet>
  readonly #right: PatternTrie<OperationSet>
  readonly #pairs: PatternPair[] = []
  readonly #budget: number
  #stepsLeft: number

  constructor(a: Capability, b: Capability) {
    this.#left = trieOf(a)
    this.#right = trieOf(b)
    const nodes = this.#left.size + this.#right.size
    this.#budget = Math.max(STEPS_AT_LEAST, STEPS_PER_NODE * nodes)
    this.#stepsLeft = this.#budget
  }

  /** How many pairs of nodes were visited so far, and lines written. */
  get steps(): number {
    return this.#budget - this.#stepsLeft
  }

  /** @returns false where it stopped at its bound */
  run(): boolean {
    this.#start()
    for (let pair = this.#pairs.pop(); pair; pair = this.#pairs.pop()) {
      this.#write(pair)
      this.#goOn(pair)
      if (this.#stepsLeft < 0 || this.crossed.size > MAX_PATTERNS) return false
    }
    return true
  }

  /** Pairs of roots with the same qualifier, or one with `*`, which stands for any. */
  #start(): void {
    const left = this.#left.roots
    const right = this.#right.roots
    for (const qualifier of new Set([...left.keys(), ...right.keys()])) {
      this.#begin(qualifier, left.get(qualifier), right.get(qualifier), [true, true])
      if (qualifier === '*') continue
      this.#begin(qualifier, left.get('*'), right.get(qualifier), [false, true])
      this.#begin(qualifier, left.get(qualifier), right.get('*'), [true, false])
    }
  }

  #begin(
    qualifier: string,
    left: Node | undefined,
    right: Node | undefined,
    [isLeft, isRight]: readonly [boolean, boolean],
  ): void {
    this.#visit({
      left,
      right,
      leftRest: NO_OPERATIONS,
      rightRest: NO_OPERATIONS,
      text: qualifier === '' ? '' : `[${qualifier}]`,
      isRoot: true,
      isLeft,
      isRight,
    })
  }

  /** Writes the lines that end at a pair, or in a `*` after it. */
  #write(pair: PatternPair): void {
    const { left, right, text } = pair
    this.#writeLine(pair, text, left?.here, right?.here)
    this.#writeLine(pair, next(pair, '*'), left?.below, right?.below)
  }

  #writeLine(
    { leftRest, rightRest, isLeft, isRight }: PatternPair,
    text: string,
    left: OperationSet = NO_OPERATIONS,
    right: OperationSet = NO_OPERATIONS,
  ): void {
    if (left === NO_OPERATIONS && right === NO_OPERATIONS) return
    this.#add(text, intersectOperations(left, right), isLeft || isRight)
    this.#add(text, intersectOperations(left, rightRest), isLeft)
    this.#add(text, intersectOperations(leftRest, right), isRight)
  }

  #add(text: string, operations: OperationSet, isWritten: boolean): void {
    if (operations === NO_OPERATIONS) return
    this.#stepsLeft -= 1 + text.length / LETTERS_PER_STEP
    const lines = isWritten ? this.nested : this.crossed
    lines.set(text, uniteOperations(lines.get(text) ?? NO_OPERATIONS, operations))
  }

  #goOn(pair: PatternPair): void {
    const { left, right } = pair
    const after: PatternPair = {
      ...pair,
      isRoot: false,
      leftRest: uniteOperations(pair.leftRest, left?.below ?? NO_OPERATIONS),
      rightRest: uniteOperations(pair.rightRest, right?.below ?? NO_OPERATIONS),
    }
    this.#visit({ ...after, left: left?.one, right: right?.one, text: next(pair, '*') })
    if (left && (right?.one || after.rightRest !== NO_OPERATIONS)) {
      for (const [segment, node] of this.#literalsOf(left)) {
        // What the others permit after their `*` counts at the pair of both, too; what these permit after theirs was
        // followed with `*` for this segment already, and would only be said again.
        if (!right?.one && right?.literal(segment)) continue
        this.#visit({
          ...after,
          left: node,
          right: right?.one,
          text: next(pair, segment),
          isRight: false,
          leftRest: NO_OPERATIONS,
        })
      }
    }
    if (right && (left?.one || after.leftRest !== NO_OPERATIONS)) {
      for (const [segment, node] of this.#literalsOf(right)) {
        if (!left?.one && left?.literal(segment)) continue
        this.#visit({
          ...after,
          left: left?.one,
          right: node,
          text: next(pair, segment),
          isLeft: false,
          rightRest: NO_OPERATIONS,
        })
      }
    }
    if (left && right) this.#goOnAlike(pair, after, left, right)
  }

  /** Visits the literal segments that both have. */
  #goOnAlike(pair: PatternPair, after: PatternPair, left: Node, right: Node): void {
    const fewer = left.width < right.width ? left : right
    for (const [segment] of this.#literalsOf(fewer)) {
      const ends = { left: left.literal(segment), right: right.literal(segment) }
      if (ends.left && ends.right) this.#visit({ ...after, ...ends, text: next(pair, segment) })
    }
  }

  *#literalsOf(node: Node): Generator<readonly [segment: string, node: Node]> {
    for (const literal of node.literals()) {
      if (--this.#stepsLeft < 0) return
      yield literal
    }
  }

  /** Queues a pair, unless one side permits nothing at it or below it. */
  #visit(pair: PatternPair): void {
    const { left, right, leftRest, rightRest } = pair
    const isDead = left
      ? !right && rightRest === NO_OPERATIONS
      : !right || leftRest === NO_OPERATIONS
    if (isDead) return
    this.#stepsLeft--
    this.#pairs.push(pair)
  }
}

function next({ text, isRoot }: PatternPair, segment: string): string {
  return isRoot ? text + segment : `${text}:${segment}`
}

/** Adds the crossed lines that permit something which the nested ones do not; others would only make the text longer. */
function withNews(nested: ReadonlyMap<string, OperationSet>, crossed: Capability): Capability {
  const all = new Map(nested)
  // A pattern asked for as a name is found by those that cover it: its `*` is matched by `*` only.
  const known = new CapabilityChecker(nested)
  for (const [text, operations] of crossed) {
    if (isSubset(operations, known.operationsOn(text))) continue
    all.set(text, uniteOperations(all.get(text) ?? NO_OPERATIONS, operations))
  }
  return all
}
