/** The events of a stream over HTTP as text: server-sent events, or a line of JSON each. */
import type { JsonText } from '../../../core/types.ts'

export type Style = 'sse' | 'lines'

export interface StreamEvent {
  /** The position after this event; undefined if it does not move the client on. */
  readonly id?: string | undefined
  readonly event: 'message' | 'presence' | 'error' | 'heartbeat'
  /** JSON text, or plain text; undefined for none. */
  readonly data?: { readonly json: JsonText } | { readonly text: string } | undefined
}

export const CONTENT_TYPES: Readonly<Record<Style, string>> = {
  sse: 'text/event-stream',
  lines: 'application/x-ndjson',
}

/** Keeps proxies from closing the connection; clients ignore it. */
export const KEEPALIVE: Readonly<Record<Style, string>> = { sse: ':keepalive\n\n', lines: '\n' }

export function eventText(event: StreamEvent, style: Style): string {
  return style === 'sse' ? sseText(event) : lineText(event)
}

/** EventSource drops events without data, so there is always a data line, even an empty one. */
function sseText({ id, event, data }: StreamEvent): string {
  const text = data === undefined ? '' : 'json' in data ? data.json : data.text
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\n${lines.join('')}\n`
}

function lineText({ id, event, data }: StreamEvent): string {
  const value =
    data === undefined ? undefined : 'json' in data ? data.json : JSON.stringify(data.text)
  return (
    (id === undefined ? '{' : `{"id":${JSON.stringify(id)},`) +
    `"event":"${event}"` +
    (value === undefined ? '}\n' : `,"data":${value}}\n`)
  )
}
