/** What happens on a channel as the bytes of a stream, for all its readers who want the same. */
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

/** What one reader of a channel wants. */
export interface StreamOptions {
  readonly style: Style
  /** Messages with all their members; otherwise their data alone. */
  readonly isEnveloped: boolean
  /** The channel as the reader called it, with its qualifier. */
  readonly name: string
  /** Base64 of what messages have to fulfil. */
  readonly filter: string | undefined
}

/** The name of the group of those who want the same. */
export function variantOf({ style, isEnveloped, name, filter }: StreamOptions): string {
  // No part holds a line break.
  return [style, isEnveloped ? 'enveloped' : 'bare', name, filter ?? ''].join('\n')
}

const encoder = new TextEncoder()
const NOTHING: readonly Frame[] = Object.freeze([])

export function encodeForStreams(event: Event, variant: string): readonly Frame[] {
  const text = streamText(event, variant)
  // Bytes, so that they are made once and not for each reader.
  return text === '' ? NOTHING : [encoder.encode(text)]
}

/** @returns the empty text for what these readers do not hear of */
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

/** Only texts that `variantOf` made have a meaning. */
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
