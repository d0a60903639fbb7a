/** Encodes events of a channel as bytes of a stream, for all streams of one variant. */
import type { Event, Frame, KeptMessage, PresenceMessage } from '../../../core/types.ts'
import { type MessageFilter, compileFilter } from '../../../policy/message-filter.ts'
import { filtered } from '../subscription/filtering.ts'
import { cachedVariants } from '../subscription/variant-cache.ts'
import { writeData } from '../wire/data.ts'
import { Spliced, type WireValue } from '../wire/spliced.ts'
import { messageValue, presenceValue } from '../wire/values.ts'
import { cursorAt } from './cursor.ts'
import { type StreamEvent, type Style, eventText } from './stream-format.ts'

export const STREAM_PROTOCOL = 'ably-stream'

/** How a stream gets a channel. */
export interface StreamOptions {
  readonly style: Style
  /** Whether messages come with all their members; otherwise their data alone. */
  readonly isEnveloped: boolean
  /** The channel name as the request has it, with its qualifier. */
  readonly name: string
  /** The filter expression, in base64. */
  readonly filter: string | undefined
}

/** The text of the variant, which names its group. */
export function variantOf({ style, isEnveloped, name, filter }: StreamOptions): string {
  // No part contains a line break, so the parts can be split again.
  return [style, isEnveloped ? 'enveloped' : 'bare', name, filter ?? ''].join('\n')
}

const encoder = new TextEncoder()
const NOTHING: readonly Frame[] = Object.freeze([])

export function encodeForStreams(event: Event, variant: string): readonly Frame[] {
  const text = streamText(event, variant)
  // As bytes, so that the text is encoded once and not for each stream.
  return text === '' ? NOTHING : [encoder.encode(text)]
}

/** @returns the empty text for events that this variant leaves out */
function streamText(event: Event, variant: string): string {
  const { style, isEnveloped, name, filter } = readStreamVariant(variant)
  let text = ''
  const add = (part: StreamEvent) => (text += eventText(part, style))
  if (event.kind === 'publication') {
    const wanted = filter && new Set(filtered(event.messages, filter))
    for (const [index, message] of event.messages.entries()) {
      if (wanted && !wanted.has(message)) continue
      const data = isEnveloped ? enveloped(messageValue(message, 'json'), name) : bare(message)
      add({ id: cursorAt(event, message, index), event: 'message', data })
    }
  } else if (event.kind === 'presence' && !filter) {
    for (const [index, change] of event.changes.entries()) {
      const data = isEnveloped ? enveloped(presenceValue(change, 'json'), name) : bare(change)
      const id = index === event.changes.length - 1 ? event.position : undefined
      add({ id, event: 'presence', data })
    }
  }
  return text
}

function enveloped(value: WireValue, channel: string): StreamEvent['data'] {
  if (value instanceof Spliced) return { json: value.with({ channel }).toText() }
  return { json: JSON.stringify({ ...value, channel }) }
}

function bare(content: KeptMessage | PresenceMessage): StreamEvent['data'] {
  const { data } = writeData(content, 'json')
  return typeof data === 'string' ? { text: data } : undefined
}

interface Variant extends Omit<StreamOptions, 'filter'> {
  readonly filter: MessageFilter | undefined
}

/** Parses the text of a variant, which must have been made by `variantOf`. */
export const readStreamVariant: (text: string) => Variant = cachedVariants(parse)

function parse(text: string): Variant {
  const [style, envelope, name = '', filter = ''] = text.split('\n')
  const compiled = filter === '' ? undefined : compileFilter(filter)
  return {
    style: style === 'lines' ? 'lines' : 'sse',
    isEnveloped: envelope === 'enveloped',
    name,
    filter: compiled?.ok === true ? compiled.value : undefined,
  }
}
