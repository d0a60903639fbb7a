/** Capabilities as people type them: privileges and channels, every privilege on every channel. */
import { type Result, fail } from '../../failure.ts'
import { type Capability, readCapability } from './capability.ts'
import { operationNames } from './operations.ts'

/** The lists that were given; one that is undefined is taken from the present capability. */
export interface Lists {
  readonly privileges: readonly string[] | undefined
  readonly channels: readonly string[] | undefined
}

/**
 * Makes a capability of lists.
 * @param present supplies the list that is missing: its channels, or its privileges if all its lines have the same
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
  // Duplicates would be read again for every resource.
  const named = [...new Set(operations)]
  return readCapability(Object.fromEntries(resources.map((resource) => [resource, named])))
}

function commonOperations(capability: Capability): string[] | undefined {
  const sets = new Set(capability.values())
  const [only] = sets
  return sets.size === 1 && only !== undefined ? operationNames(only) : undefined
}

/** A capability as lists; undefined where its lines have different operations, which lists cannot express. */
export function listsOfCapability(
  capability: Capability,
): { readonly privileges: readonly string[]; readonly channels: readonly string[] } | undefined {
  const privileges = commonOperations(capability)
  return privileges && { privileges, channels: [...capability.keys()] }
}
