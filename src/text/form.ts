/**
 * Fields as forms and queries have them: names and values with bytes behind percent signs. Bytes that are not UTF-8
 * cannot be kept as they were sent, so callers refuse them.
 */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const ESCAPES = /(?:%[\da-f]{2})+/gi

/** The fields of a body; undefined if it is not UTF-8. */
export function formFields(bytes: Uint8Array): URLSearchParams | undefined {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return undefined
  }
  return isUtf8Form(text) ? new URLSearchParams(text) : undefined
}

/** Whether all that is escaped in a form or query is UTF-8; a percent sign that escapes nothing stands for itself. */
export function isUtf8Form(text: string): boolean {
  if (!text.includes('%')) return true
  for (const [escapes] of text.matchAll(ESCAPES)) {
    try {
      decodeURIComponent(escapes)
    } catch {
      return false
    }
  }
  return true
}
