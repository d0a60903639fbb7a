/** Encodes events of a channel as frames for one group of subscribers. */
import type { ChannelRef, Event, Frame, KeptMessage, Publication } from '../../../../core/types.ts'
import { filtered } from '../../subscription/filtering.ts'
import {
  annotationFrame,
  occupancyFrame,
  presenceFrame,
  publicationFrame,
} from '../../wire/frames.ts'
import { objectFrame } from '../../wire/objects/object-frames.ts'
import { NamedFrames } from '../../wire/named-frames.ts'
import { deltaMessages } from './delta-messages.ts'
import { type Variant, readVariant } from './variant.ts'

export const PROTOCOL = 'ably'

const NOTHING: readonly Frame[] = Object.freeze([])

/** For subscribers who attached the channel under a qualified name. */
const named = new NamedFrames()

/** @param previous the publication that these subscribers got before, if they can apply a delta to it */
export function encode(
  event: Event,
  text: string,
  previous: Publication | undefined,
  channel: ChannelRef,
): readonly Frame[] {
  const variant = readVariant(text)
  const { format, name } = variant
  switch (event.kind) {
    case 'publication':
      return variant.messages ? publication(event, variant, previous, channel) : NOTHING
    case 'presence':
      if (!variant.presence) return NOTHING
      return [frameFor(event, variant, channel, (its) => presenceFrame(event, its, format))]
    case 'annotation':
      if (!variant.annotations) return NOTHING
      return [frameFor(event, variant, channel, (its) => annotationFrame(event, its, format))]
    case 'objects': {
      const { objects: dialect } = variant
      if (!dialect) return NOTHING
      const form = { format, dialect }
      if (name === undefined) return [objectFrame(event, channel.name, form)]
      const make = () => objectFrame(event, undefined, form)
      return [named.of({ event, content: dialect, format }, name, make)]
    }
    case 'occupancy': {
      const { occupancy: wish } = variant
      if (wish === undefined) return NOTHING
      const category = wish === 'metrics' ? undefined : wish
      return [occupancyFrame(event, name ?? channel.name, format, category)]
    }
    // Only channels without an app have these events.
    case 'message':
    case 'join':
    case 'leave':
      return NOTHING
  }
}

function publication(
  event: Publication,
  variant: Variant,
  previous: Publication | undefined,
  channel: ChannelRef,
): readonly Frame[] {
  const messages = chosen(event, variant, previous)
  if (messages?.length === 0) return NOTHING
  const options = messages && { messages }
  const { format, name } = variant
  if (name === undefined) return [publicationFrame(event, channel.name, format, options)]
  const make = () => publicationFrame(event, undefined, format, options)
  return [named.of({ event, content: messages, format }, name, make)]
}

/** What these subscribers get instead of the messages of a publication; undefined if they get them unchanged. */
function chosen(
  event: Publication,
  { delta, filter, whole }: Variant,
  previous: Publication | undefined,
): readonly KeptMessage[] | undefined {
  if (delta && previous) return deltaMessages(event, previous)
  const wanted = whole ? event.whole : undefined
  return filter ? filtered(wanted ?? event.messages, filter) : wanted
}

function frameFor(
  event: Event,
  { format, name }: Variant,
  channel: ChannelRef,
  make: (name: string | undefined) => Frame,
): Frame {
  return name === undefined
    ? make(channel.name)
    : named.of({ event, content: undefined, format }, name, () => make(undefined))
}
