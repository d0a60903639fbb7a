/** The options of an ATTACH: parameters in the channel name, parameters of the frame, and flags. */
import type { Result } from '../../../../failure.ts'
import { type AttachOptions, readAttachParams } from '../../wire/attach-params.ts'
import type { Params } from '../../wire/frame-reader.ts'

/** Attachments without parameters share one object for each set of flags. */
const plainOptions = new Map<number, Result<AttachOptions>>()
const MAX_PLAIN = 1000

/**
 * @param named parameters in the channel name
 * @param given parameters of the frame, which take precedence
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
