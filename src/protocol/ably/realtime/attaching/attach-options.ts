/** What an ATTACH asks for, by the parameters in the channel's name, its own, and its flags. */
import type { Result } from '../../../../failure.ts'
import { type AttachOptions, readAttachParams } from '../../wire/attach-params.ts'
import type { Params } from '../../wire/frame-reader.ts'

/** Most attachments ask for nothing special, and share what that comes to. */
const plainOptions = new Map<number, Result<AttachOptions>>()
const MAX_PLAIN = 1000

/**
 * @param named in the name of the channel
 * @param given beside it; these count more
 * @returns `parameter_invalid`
 */
export function optionsOf(named: Params, given: Params, flags: number): Result<AttachOptions> {
  if (named.size > 0 || given.size > 0)
    return readAttachParams(new Map([...named, ...given]), flags)
  const known = plainOptions.get(flags)
  if (known) return known
  const options = readAttachParams(given, flags)
  if (plainOptions.size < MAX_PLAIN) plainOptions.set(flags, options)
  return options
}
