/** A capability made ready for being asked often: the cost of an answer grows with the name, not with the capability. */
import type { Capability } from './capability.ts'
import {
  type Operation,
  type OperationSet,
  NO_OPERATIONS,
  permits,
  uniteOperations,
} from './operations.ts'
import { parsePattern } from './pattern.ts'

interface Node {
  /** Operations on a name that ends here. */
  here: OperationSet
  /** Operations on every name that goes on from here: a `*` at the end. */
  below: OperationSet
  readonly literal: Map<string, Node>
  one: Node | undefined
}

function newNode(): Node {
  return { here: NO_OPERATIONS, below: NO_OPERATIONS, literal: new Map(), one: undefined }
}

export class CapabilityChecker {
  readonly #roots = new Map<string, Node>()

  constructor(capability: Capability) {
    for (const [resource, operations] of capability) this.#add(resource, operations)
  }

  /** Whether an operation on a channel is permitted; several lines that match add up. */
  permits(channel: string, operation: Operation): boolean {
    return permits(this.operationsOn(channel), operation)
  }

  /** All operations on a channel, queue or metachannel, given with its qualifier: `[meta]log`. */
  operationsOn(channel: string): OperationSet {
    const { qualifier, segments } = parsePattern(channel)
    const own = this.#roots.get(qualifier)
    const any = this.#roots.get('*')
    return uniteOperations(
      own ? collect(own, segments, 0) : NO_OPERATIONS,
      any ? collect(any, segments, 0) : NO_OPERATIONS,
    )
  }

  #add(resource: string, operations: OperationSet): void {
    const { qualifier, segments } = parsePattern(resource)
    let node = this.#roots.get(qualifier)
    if (!node) this.#roots.set(qualifier, (node = newNode()))
    for (const [i, segment] of segments.entries()) {
      if (segment === '*' && i === segments.length - 1) {
        node.below = uniteOperations(node.below, operations)
        return
      }
      node = child(node, segment)
    }
    node.here = uniteOperations(node.here, operations)
  }
}

function child(node: Node, segment: string): Node {
  if (segment === '*') return (node.one ??= newNode())
  let next = node.literal.get(segment)
  if (!next) node.literal.set(segment, (next = newNode()))
  return next
}

function collect(node: Node, segments: readonly string[], at: number): OperationSet {
  if (at === segments.length) return node.here
  let found = node.below
  const literal = node.literal.get(segments[at]!)
  if (literal) found = uniteOperations(found, collect(literal, segments, at + 1))
  if (node.one) found = uniteOperations(found, collect(node.one, segments, at + 1))
  return found
}
