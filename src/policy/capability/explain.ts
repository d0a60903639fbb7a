/** Says which line of a capability decides about an operation, or what the smallest change is that would allow it. */
import { type Capability } from './capability.ts'
import { CapabilityChecker } from './checker.ts'
import {
  type Operation,
  EVERY_OPERATION,
  NO_OPERATIONS,
  operationBit,
  operationNames,
  uniteOperations,
} from './operations.ts'
import { parsePattern, specificity } from './pattern.ts'

/** One resource of a capability with its operations. */
export interface CapabilityLine {
  readonly resource: string
  readonly operations: readonly string[]
}

export interface CapabilityAnswer {
  readonly permitted: boolean
  /** The narrowest line that permits it; or, where none does, the narrowest one about the channel. */
  readonly line: CapabilityLine | undefined
  /** Where it is not permitted: the line that would allow this operation on this channel, and nothing else. */
  readonly change: CapabilityLine | undefined
}

/** @param channel as the checker takes it: with a qualifier such as `[meta]`, without parameters */
export function explainCapability(
  capability: Capability,
  channel: string,
  operation: Operation,
): CapabilityAnswer {
  const matching = [...capability.keys()].filter((resource) => matches(resource, channel))
  const about = narrowestFirst(matching)
  const deciding = about.find((resource) => {
    const line = new Map([[resource, capability.get(resource)!]])
    return new CapabilityChecker(line).permits(channel, operation)
  })
  const shown = deciding ?? about[0]
  const permitted = deciding !== undefined
  return {
    permitted,
    line: shown === undefined ? undefined : lineOf(shown, capability.get(shown)!),
    change: permitted ? undefined : lineOf(channel, extended(capability, channel, operation)),
  }
}

/** A line as it is written in the JSON of a capability. */
export function lineText({ resource, operations }: CapabilityLine): string {
  return `${JSON.stringify(resource)}:${JSON.stringify(operations)}`
}

function matches(resource: string, channel: string): boolean {
  const line = new Map([[resource, EVERY_OPERATION]])
  return new CapabilityChecker(line).operationsOn(channel) !== NO_OPERATIONS
}

/** A line comes before every line that covers it; otherwise the order is that of the text. */
function narrowestFirst(resources: readonly string[]): string[] {
  return resources
    .map((text) => ({ text, ...specificity(parsePattern(text)) }))
    .sort(
      (a, b) =>
        b.literals - a.literals ||
        b.segments - a.segments ||
        b.qualifier - a.qualifier ||
        (a.text < b.text ? -1 : 1),
    )
    .map(({ text }) => text)
}

function extended(capability: Capability, channel: string, operation: Operation): number {
  return uniteOperations(capability.get(channel) ?? NO_OPERATIONS, operationBit(operation)!)
}

function lineOf(resource: string, operations: number): CapabilityLine {
  return { resource, operations: operationNames(operations) }
}
