/** Capability matching, made ready to be asked often: the cost of an answer grows with the name, not with the capability. */
import type { Capability } from './capability.ts'
import {
  type Operation,
  type OperationSet,
  NO_OPERATIONS,
  permits,
  uniteOperations,
} from './operations.ts'
import { type PatternNode, PatternTrie, qualifierOf, startOf } from './trie.ts'

export class CapabilityChecker {
  /** `below` holds the operations on every name that continues after a node: a `*` at the end. */
  readonly #trie = new PatternTrie(NO_OPERATIONS)

  constructor(capability: Capability) {
    for (const [resource, operations] of capability)
      this.#trie.put(resource, (present) => uniteOperations(present, operations))
  }

  /** How many nodes it keeps. */
  get nodes(): number {
    return this.#trie.size
  }

  /** Whether an operation on a channel is permitted; several lines that match add up. */
  permits(channel: string, operation: Operation): boolean {
    return permits(this.operationsOn(channel), operation)
  }

  /** All operations on a channel, queue or metachannel, given with its qualifier: `[meta]log`. */
  operationsOn(channel: string): OperationSet {
    const from = startOf(channel)
    const own = this.#trie.root(qualifierOf(channel, from))
    const any = this.#trie.anyRoot
    return uniteOperations(
      own ? collect(own, channel, from) : NO_OPERATIONS,
      any ? collect(any, channel, from) : NO_OPERATIONS,
    )
  }
}

/** @param from where the next segment of the name begins; beyond its end once there is none */
function collect(node: PatternNode<OperationSet>, name: string, from: number): OperationSet {
  if (from > name.length) return node.here
  let found = node.below
  if (!node.hasLiteral && !node.one) return found
  const colon = name.indexOf(':', from)
  const end = colon < 0 ? name.length : colon
  const literal = node.literal(name.slice(from, end))
  if (literal) found = uniteOperations(found, collect(literal, name, end + 1))
  if (node.one) found = uniteOperations(found, collect(node.one, name, end + 1))
  return found
}
