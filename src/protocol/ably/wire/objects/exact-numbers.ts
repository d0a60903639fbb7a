/** Numbers of objects are doubles. One that a JSON text says more exactly than a double can is not taken in. */
import { isExact } from '../both-formats.ts'

/** Long numbers and exponents: texts without any need no closer look. */
const REMARKABLE = /[\d.]{16}|\d[eE]/
const NUMBER = /-?\d[\d.eE+-]*/y
/** No double has more digits before the point. */
const MAX_INTEGER_LETTERS = 320
const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const [ZERO, NINE] = [0x30, 0x39]

/**
 * @param text JSON that has been parsed before
 * @returns whether every number in it is a double, as far as it is written out
 */
export function hasExactNumbers(text: string): boolean {
  if (!REMARKABLE.test(text)) return true
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfText(text, at)
    else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      NUMBER.lastIndex = at
      const word = NUMBER.exec(text)?.[0] ?? '-'
      if (!isDouble(word)) return false
      at += word.length
    } else at++
  }
  return true
}

/** @param at of the opening quote */
function endOfText(text: string, at: number): number {
  let end = at + 1
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === QUOTE) break
    if (code === BACKSLASH) end++
  }
  return end + 1
}

function isDouble(word: string): boolean {
  if (/[.eE]/.test(word)) return isExact(word)
  const value = Number(word)
  const isShort = word.length <= MAX_INTEGER_LETTERS
  return isShort && Number.isFinite(value) && BigInt(word) === BigInt(value)
}
