/** Capabilities: which operations on which resources; read, written in canonical form, and intersected. */
import { type Result, fail, ok } from '../../failure.ts'
import {
  type OperationSet,
  EVERY_OPERATION,
  NO_OPERATIONS,
  intersectOperations,
  isSubset,
  operationBit,
  operationNames,
  uniteOperations,
} from './operations.ts'
import { type Pattern, covers, meet, parsePattern, patternText } from './pattern.ts'

/** Operations by the text of their resource. */
export type Capability = ReadonlyMap<string, OperationSet>

/** Everything on everything, as a key has that was made without a capability: `{"*":["*"]}`. */
export const FULL_CAPABILITY: Capability = new Map([['*', EVERY_OPERATION]])

/**
 * Reads the JSON text of a capability.
 * @returns a failure that says what is wrong; an empty object is one, because it would permit nothing
 */
export function parseCapability(text: string): Result<Capability> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return fail('capability_invalid', 'the capability is not valid JSON')
  }
  return readCapability(value)
}

/** Reads a capability from what its JSON text stands for. */
export function readCapability(value: unknown): Result<Capability> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail('capability_invalid', 'the capability is not an object')
  }
  const capability = new Map<string, OperationSet>()
  for (const [resource, names] of Object.entries(value)) {
    const operations = readOperations(resource, names)
    if (!operations.ok) return operations
    capability.set(resource, operations.value)
  }
  if (capability.size === 0) return fail('capability_invalid', 'the capability names no resource')
  return ok(capability)
}

function readOperations(resource: string, names: unknown): Result<OperationSet> {
  const wrong = (what: string) =>
    fail<OperationSet>('capability_invalid', `the capability ${what} for "${resource}"`)
  if (resource === '')
    return fail('capability_invalid', 'the capability has an empty resource name')
  if (!Array.isArray(names)) return wrong('has no list of operations')
  if (names.length === 0) return wrong('has an empty list of operations')
  let set = NO_OPERATIONS
  for (const name of names as unknown[]) {
    const bit = typeof name === 'string' ? operationBit(name) : undefined
    if (bit === undefined) return wrong(`has the unknown operation ${JSON.stringify(name)}`)
    set |= bit
  }
  if (set !== EVERY_OPERATION && set & EVERY_OPERATION)
    return wrong('mixes "*" with other operations')
  return ok(set)
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

/** What both permit, and nothing else: for every name, the operations that `a` and `b` have in common. */
export function intersect(a: Capability, b: Capability): Capability {
  const nested = new Map<string, OperationSet>()
  const crossed = new Map<string, OperationSet>()
  const right = [...b].map(([text, operations]) => ({
    text,
    operations,
    pattern: parsePattern(text),
  }))
  for (const [text, operations] of a) {
    const pattern = parsePattern(text)
    for (const other of right) {
      const common = intersectOperations(operations, other.operations)
      const both = common === NO_OPERATIONS ? undefined : meet(pattern, other.pattern)
      if (!both) continue
      const met = patternText(both)
      const found = met === text || met === other.text ? nested : crossed
      found.set(met, uniteOperations(found.get(met) ?? NO_OPERATIONS, common))
    }
  }
  return withNews(nested, crossed)
}

/**
 * Adds resources that stand in neither capability, as `a:c:b` from `a:*:b` and `a:c:*`, where they permit
 * something that the others do not; the rest would only make the text longer.
 */
function withNews(nested: Map<string, OperationSet>, crossed: Capability): Capability {
  const kept: { pattern: Pattern; operations: OperationSet }[] = [...nested].map(
    ([text, operations]) => ({
      pattern: parsePattern(text),
      operations,
    }),
  )
  for (const [text, operations] of crossed) {
    const pattern = parsePattern(text)
    const known = kept
      .filter((entry) => covers(entry.pattern, pattern))
      .reduce((set, entry) => uniteOperations(set, entry.operations), NO_OPERATIONS)
    if (isSubset(operations, known)) continue
    nested.set(text, uniteOperations(nested.get(text) ?? NO_OPERATIONS, operations))
  }
  return nested
}
