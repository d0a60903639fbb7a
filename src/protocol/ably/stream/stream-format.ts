/** The events of a stream over HTTP as text: server-sent events, or a line of JSON each. */
import type { JsonText } from '../../../core/types.ts'

export type Style = 'sse' | 'lines'

export interface StreamEvent {
  /** From where a client goes on that has got it; undefined for what does not move it on. */
  readonly id?: string | undefined
  readonly event: 'message' | 'presence' | 'error' | 'heartbeat'
  /** JSON text, or text that stands for itself; undefined for none. */
  readonly data?: { readonly json: JsonText } | { readonly text: string } | undefined
}

export const CONTENT_TYPES: Readonly<Record<Style, string>> = {
  sse: 'text/event-stream',
  lines: 'application/x-ndjson',
}

/** What tells proxies that somebody is still there, and no client reads. */
export const KEEPALIVE: Readonly<Record<Style, string>> = { sse: ':keepalive\n\n', lines: '\n' }

export function eventText(event: StreamEvent, style: Style): string {
  return style === 'sse' ? sseText(event) : lineText(event)
}

/** An event without data would not be given to anybody, so there is always some, be it empty. */
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
