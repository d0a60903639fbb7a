/** How many filters a channel has room for: every message is looked at with each, so together they are bounded. */
import type { Format } from '../../core/types.ts'
import { type Failure, failure } from '../../failure.ts'
import type { MessageFilter } from '../../policy/message-filter.ts'
import { PROTOCOL } from './realtime/encode.ts'
import { readVariant } from './realtime/variant.ts'
import { STREAM_PROTOCOL, filterOfStreams } from './stream/encode.ts'

/** Of all different filters of a channel: some 1,600 comparisons of a header with a text. */
export const MAX_FILTER_UNITS = 8192

/**
 * Whether somebody may read a channel with another filter. The same one again costs nothing.
 * @param groups of the channel
 */
export function filterRefusal(
  groups: readonly { readonly format: Format }[],
  filter: MessageFilter | undefined,
): Failure | undefined {
  if (!filter) return undefined
  let units = filter.cost.units
  const counted = new Set<string>([filter.expression])
  for (const { format } of groups) {
    const other = filterOf(format)
    if (!other || counted.has(other.expression)) continue
    counted.add(other.expression)
    units += other.cost.units
  }
  return units > MAX_FILTER_UNITS ? failure('too_many_filters') : undefined
}

function filterOf({ protocol, variant }: Format): MessageFilter | undefined {
  if (protocol === PROTOCOL) return readVariant(variant).filter
  return protocol === STREAM_PROTOCOL ? filterOfStreams(variant) : undefined
}
