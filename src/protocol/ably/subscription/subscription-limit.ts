/**
 * In how many ways a channel can be read: with filters, and under names with qualifiers. Every message is looked at
 * with each filter and framed for each name, so all of them together are bounded.
 */
import type { Format } from '../../../core/types.ts'
import { type Failure, failure } from '../../../failure.ts'
import type { MessageFilter } from '../../../policy/message-filter.ts'
import { PROTOCOL } from '../realtime/encoding/encode.ts'
import { readVariant } from '../realtime/encoding/variant.ts'
import { STREAM_PROTOCOL, readStreamVariant } from '../stream/encode.ts'

/** Of all different filters of a channel: some 1,600 comparisons of a header with a text. */
export const MAX_FILTER_UNITS = 8192
/** Groups of readers of a channel that want the same, under the same name. */
export const MAX_WAYS = 2048

interface Way {
  /** With its qualifier; undefined for the name of the channel itself. */
  readonly name: string | undefined
  readonly filter: MessageFilter | undefined
}

/**
 * Whether somebody may read a channel under a name with a qualifier. What others do already costs nothing.
 * @param groups of the channel
 */
export function readingRefusal(
  groups: readonly { readonly format: Format }[],
  { name, filter }: Way,
): Failure | undefined {
  if (groups.length >= MAX_WAYS && !groups.some(({ format }) => wayOf(format)?.name === name))
    return failure('too_many_filters', 'the channel has no room for another name with a qualifier')
  return filter && filterRefusal(groups, filter)
}

function filterRefusal(
  groups: readonly { readonly format: Format }[],
  filter: MessageFilter,
): Failure | undefined {
  let units = filter.cost.units
  const counted = new Set<string>([filter.expression])
  for (const { format } of groups) {
    const other = wayOf(format)?.filter
    if (!other || counted.has(other.expression)) continue
    counted.add(other.expression)
    units += other.cost.units
  }
  return units > MAX_FILTER_UNITS ? failure('too_many_filters') : undefined
}

function wayOf({ protocol, variant }: Format): Way | undefined {
  if (protocol === PROTOCOL) return readVariant(variant)
  return protocol === STREAM_PROTOCOL ? readStreamVariant(variant) : undefined
}
