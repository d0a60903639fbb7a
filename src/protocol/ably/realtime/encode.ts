/** What happens on a channel as frames for one group of readers. */
import type { ChannelRef, Event, Frame, Publication } from '../../../core/types.ts'
import { passing } from '../passing.ts'
import { annotationFrame, occupancyFrame, presenceFrame, publicationFrame } from '../wire/frames.ts'
import { deltaMessages } from './delta-messages.ts'
import { type Variant, readVariant } from './variant.ts'

export const PROTOCOL = 'ably'

const NOTHING: readonly Frame[] = Object.freeze([])

/** @param previous the publication that these readers got before, if they can read deltas against it */
export function encode(
  event: Event,
  text: string,
  previous: Publication | undefined,
  channel: ChannelRef,
): readonly Frame[] {
  const variant = readVariant(text)
  const { format, name = channel.name } = variant
  switch (event.kind) {
    case 'publication':
      return variant.messages ? publication(event, variant, name, previous) : NOTHING
    case 'presence':
      return variant.presence ? [presenceFrame(event, name, format)] : NOTHING
    case 'annotation':
      return variant.annotations ? [annotationFrame(event, name, format)] : NOTHING
    case 'occupancy': {
      const { occupancy: wish } = variant
      if (wish === undefined) return NOTHING
      return [occupancyFrame(event, name, format, wish === 'metrics' ? undefined : wish)]
    }
    // Only channels of the commons tell of these.
    case 'message':
    case 'join':
    case 'leave':
      return NOTHING
  }
}

function publication(
  event: Publication,
  { delta, filter, format, whole }: Variant,
  name: string,
  previous: Publication | undefined,
): readonly Frame[] {
  if (delta && previous)
    return [publicationFrame(event, name, format, { messages: deltaMessages(event, previous) })]
  if (!filter && !(whole && event.whole)) return [publicationFrame(event, name, format)]
  const wanted = whole ? (event.whole ?? event.messages) : event.messages
  const messages = filter ? passing(wanted, filter) : wanted
  return messages.length === 0 ? NOTHING : [publicationFrame(event, name, format, { messages })]
}
