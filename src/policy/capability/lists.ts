/** Capabilities as people type them: privileges and channels, every privilege on every channel. */
import { type Result, fail } from '../../failure.ts'
import { type Capability, readCapability } from './capability.ts'
import { operationNames } from './operations.ts'

/** What is named; the other half is taken from the capability that is there. */
export interface Lists {
  readonly privileges: readonly string[] | undefined
  readonly channels: readonly string[] | undefined
}

/**
 * Makes a capability of lists.
 * @param present gives what the lists leave open: its channels, or its privileges if all its lines have the same
 */
export function capabilityOfLists(
  { privileges, channels }: Lists,
  present: Capability,
): Result<Capability> {
  const resources = channels ?? [...present.keys()]
  const operations = privileges ?? commonOperations(present)
  if (operations === undefined) {
    return fail(
      'capability_invalid',
      'the channels of the key have different privileges; name the privileges too',
    )
  }
  // Each is read once for every resource.
  const named = [...new Set(operations)]
  return readCapability(Object.fromEntries(resources.map((resource) => [resource, named])))
}

function commonOperations(capability: Capability): string[] | undefined {
  const sets = new Set(capability.values())
  const [only] = sets
  return sets.size === 1 && only !== undefined ? operationNames(only) : undefined
}

/** A capability as lists, where all its lines have the same operations; otherwise no lists say the same. */
export function listsOfCapability(
  capability: Capability,
): { readonly privileges: readonly string[]; readonly channels: readonly string[] } | undefined {
  const privileges = commonOperations(capability)
  return privileges && { privileges, channels: [...capability.keys()] }
}
