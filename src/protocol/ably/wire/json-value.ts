/** Parsed values of a frame or body, before their shape is known. */
import type { JsonText } from '../../../core/types.ts'

/** Deeper values could exhaust the stack of a recursive reader. */
const MAX_DEPTH = 64

/** Whether a value is an object, and not an array or bytes. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  )
}

/**
 * The JSON text of an object or array; undefined if it is nested too deeply, or holds what the JSON of JavaScript has
 * not: bytes, integers beyond its own, numbers that are none.
 */
export function jsonText(value: object): JsonText | undefined {
  return isJson(value, MAX_DEPTH) ? JSON.stringify(value) : undefined
}

function isJson(value: object, depth: number): boolean {
  if (depth === 0 || value instanceof Uint8Array) return false
  // Without `Object.values`, which would allocate an array for every message.
  for (const key in value) {
    const child = (value as Record<string, unknown>)[key]
    if (typeof child === 'object') {
      if (child !== null && !isJson(child, depth - 1)) return false
    } else if (typeof child === 'bigint' || typeof child === 'symbol') return false
    else if (typeof child === 'number' && !Number.isFinite(child)) return false
  }
  return true
}
