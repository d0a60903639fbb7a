/** JSON text that members of the commons are sent as it came: it is spliced into frames, so it has to be one whole value. */
import { type Result, fail, ok } from '../failure.ts'

declare const relayed: unique symbol

/** Text that `relayedJson` has found to be one JSON value that may be relayed. Nothing else makes it. */
export type RelayedJson = string & { readonly [relayed]: true }

/** Deeper values could exhaust the stack of a careless reader. */
const MAX_DEPTH = 64
/** Types of events by which clients know what the server itself says (E-14). */
const RESERVED_EVENTS: ReadonlySet<unknown> = new Set(['join', 'leave', 'error', 'open', 'close'])

/**
 * The text itself, if it is one JSON value that may be relayed.
 * @param guardEvents whether objects may not look like events of the server
 * @returns `not_json`, `too_deep` or `reserved_event`
 */
export function relayedJson(text: string, guardEvents: boolean): Result<RelayedJson> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return fail('not_json')
  }
  if (typeof value !== 'object' || value === null) return ok(text as RelayedJson)
  if (isDeeper(value, MAX_DEPTH)) return fail('too_deep')
  if (guardEvents && RESERVED_EVENTS.has((value as { type?: unknown }).type)) {
    return fail('reserved_event')
  }
  return ok(text as RelayedJson)
}

/** Any text as a JSON string, which is always fit to be relayed. */
export function relayedString(text: string): RelayedJson {
  return JSON.stringify(text) as RelayedJson
}

function isDeeper(value: object, allowed: number): boolean {
  if (allowed === 0) return true
  // `Object.values` would allocate an array for every message.
  for (const key in value) {
    const child = (value as Record<string, unknown>)[key]
    if (typeof child === 'object' && child !== null && isDeeper(child, allowed - 1)) return true
  }
  return false
}
