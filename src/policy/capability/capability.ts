/** Capabilities: which operations on which resources; read, and written in canonical form. */
import { type Result, fail, ok } from '../../failure.ts'
import { boundsFault } from './bounds.ts'
import {
  type Operation,
  type OperationSet,
  EVERY_OPERATION,
  NO_OPERATIONS,
  OPERATIONS,
  operationBit,
  operationNames,
  permits,
} from './operations.ts'

/** Operations by the text of their resource. */
export type Capability = ReadonlyMap<string, OperationSet>

/** Everything on everything, as a key has that was made without a capability: `{"*":["*"]}`. */
export const FULL_CAPABILITY: Capability = new Map([['*', EVERY_OPERATION]])

/** Most operations of one line: far more than there are, because some SDKs name one twice. */
const MAX_OPERATION_NAMES = 100
/** Longest text that a failure message quotes. */
const MAX_QUOTED = 100

/**
 * Reads the JSON text of a capability.
 * @returns a failure that says what is wrong; an empty object is one, because it would permit nothing
 */
export function parseCapability(text: string): Result<Capability> {
  const value = parseObject(text)
  return value.ok ? readLines(value.value, boundsFault) : value
}

/** Reads a capability from what its JSON text stands for. */
export function readCapability(value: unknown): Result<Capability> {
  return readLines(value, boundsFault)
}

/**
 * Reads the text of a capability that was accepted earlier and stays valid, whatever the bounds are now. Never call it
 * with text that a client could have written itself.
 */
export function parseAccepted(text: string): Result<Capability> {
  const value = parseObject(text)
  return value.ok ? readLines(value.value, () => undefined) : value
}

function parseObject(text: string): Result<unknown> {
  try {
    return ok(JSON.parse(text) as unknown)
  } catch {
    return fail('capability_invalid', 'the capability is not valid JSON')
  }
}

/** @param fault names the bound that the resources exceed, as the end of a sentence */
function readLines(
  value: unknown,
  fault: (resources: readonly string[]) => string | undefined,
): Result<Capability> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail('capability_invalid', 'the capability is not an object')
  }
  const lines = Object.entries(value)
  if (lines.length === 0) return fail('capability_invalid', 'the capability names no resource')
  const tooMuch = fault(lines.map(([resource]) => resource))
  if (tooMuch !== undefined)
    return fail('capability_invalid', `the capability is too large: it has ${tooMuch}`)
  const capability = new Map<string, OperationSet>()
  for (const [resource, names] of lines) {
    const operations = readOperations(resource, names)
    if (!operations.ok) return operations
    capability.set(resource, operations.value)
  }
  return ok(capability)
}

function readOperations(resource: string, names: unknown): Result<OperationSet> {
  const wrong = (what: string) =>
    fail<OperationSet>('capability_invalid', `the capability ${what} for "${quoted(resource)}"`)
  if (resource === '')
    return fail('capability_invalid', 'the capability has an empty resource name')
  if (!Array.isArray(names)) return wrong('has no list of operations')
  if (names.length === 0) return wrong('has an empty list of operations')
  if (names.length > MAX_OPERATION_NAMES) return wrong('names too many operations')
  let set = NO_OPERATIONS
  for (const name of names as unknown[]) {
    const bit = typeof name === 'string' ? operationBit(name) : undefined
    if (bit === undefined) {
      const known = OPERATIONS.join(', ')
      return fail(
        'capability_invalid',
        `the capability has the unknown operation ${operationText(name)} for "${quoted(resource)}"; there are ${known} and *`,
      )
    }
    set |= bit
  }
  if (set !== EVERY_OPERATION && set & EVERY_OPERATION)
    return wrong('mixes "*" with other operations')
  return ok(set)
}

/** A value that is no text may be nested too deeply to be serialised. */
function operationText(name: unknown): string {
  if (typeof name === 'string') return quoted(JSON.stringify(name))
  return typeof name === 'object' && name !== null ? 'that is no text' : String(name)
}

function quoted(text: string): string {
  return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`
}

/** The part of a capability that is about one operation; empty where it does not permit it anywhere. */
export function restrictTo(capability: Capability, operation: Operation): Capability {
  const bit = operationBit(operation)!
  const lines = [...capability].filter(([, operations]) => permits(operations, operation))
  return new Map(lines.map(([resource]) => [resource, bit]))
}

/** JSON without white space, resources and operations in order, so that equal capabilities are equal texts (RSA9f). */
export function canonicalText(capability: Capability): string {
  const resources = [...capability.keys()].sort()
  return JSON.stringify(
    Object.fromEntries(
      resources.map((resource) => [resource, operationNames(capability.get(resource)!)]),
    ),
  )
}
