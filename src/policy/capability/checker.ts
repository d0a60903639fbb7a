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
    const bracket = channel.startsWith('[') ? channel.indexOf(']') : -1
    const qualifier = bracket < 0 ? '' : channel.slice(1, bracket)
    const own = this.#roots.get(qualifier)
    const any = this.#roots.get('*')
    return uniteOperations(
      own ? collect(own, channel, bracket + 1) : NO_OPERATIONS,
      any ? collect(any, channel, bracket + 1) : NO_OPERATIONS,
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

/** @param from where the next segment of the name begins; beyond its end once there is none */
function collect(node: Node, name: string, from: number): OperationSet {
  if (from > name.length) return node.here
  let found = node.below
  if (node.literal.size === 0 && !node.one) return found
  const colon = name.indexOf(':', from)
  const end = colon < 0 ? name.length : colon
  const literal = node.literal.get(name.slice(from, end))
  if (literal) found = uniteOperations(found, collect(literal, name, end + 1))
  if (node.one) found = uniteOperations(found, collect(node.one, name, end + 1))
  return found
}
