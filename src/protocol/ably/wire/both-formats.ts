/**
 * Extras and the like are JSON text to one reader and MessagePack to another. What only one of the formats can say is
 * not taken in, because somebody would be told something else.
 */
import type { JsonText } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { JsonScanner } from '../../../text/json-scanner.ts'
import type { Structure } from './structure.ts'

/**
 * The text of an object, in one line, because it is spliced into frames of which some are lines.
 * @returns `extras_invalid` for what is no object, or for what one of the formats cannot say
 */
export function textForBoth(value: Structure, what: string): Result<JsonText> {
  const { fault, isCommon, isObject, text } = value
  if (fault?.name === 'too_deep') return fail('extras_invalid', `${what} are nested too deeply`)
  if (fault) return fail('extras_invalid', `${what}: ${fault.message}`)
  if (!isObject) return fail('extras_invalid', `${what} are an object`)
  return isCommon ? ok(inOneLine(text)) : sayableInBoth(text, what)
}

/**
 * Any value of JSON, in one line.
 * @param text that has been parsed before
 * @returns `extras_invalid` for what MessagePack cannot say
 */
export function sayableInBoth(text: JsonText, what: string): Result<JsonText> {
  if (!REMARKABLE.test(text)) return ok(text)
  const unsayable = unsayableIn(text)
  if (unsayable === undefined) return ok(inOneLine(text))
  return fail('extras_invalid', `${what}: MessagePack has not ${unsayable}`)
}

/** Removes line breaks, which in JSON stand between values only. */
function inOneLine(text: JsonText): JsonText {
  return LINE_BREAK.test(text) ? text.replaceAll(/[\r\n]/g, ' ') : text
}

const LINE_BREAK = /[\r\n]/
/** Long numbers, exponents, surrogates and line breaks: texts without any of these need no closer look. */
const REMARKABLE = /[\r\n]|[\d.]{16}|\d[eE]|\\u[dD]/
/** The first number or text that MessagePack cannot hold. */
function unsayableIn(text: string): string | undefined {
  const scanner = new JsonScanner(text)
  let found: string | undefined
  const check = () => {
    const first = scanner.peek()
    if (first === 0x7b) {
      scanner.members((name) => {
        if (!name.isWellFormed()) found ??= HALF_PAIR
        check()
      })
    } else if (first === 0x5b) scanner.items(check)
    else if (first !== 0x22) {
      const word = scanner.take()
      if (!isWord(word) && !isExact(word)) found ??= `the number ${short(word)}`
    } else if (!scanner.takeText().isWellFormed()) found ??= HALF_PAIR
  }
  check()
  return found
}

const HALF_PAIR = 'half of a surrogate pair'
const SHOWN = 40

function short(word: string): string {
  return word.length > SHOWN ? `${word.slice(0, SHOWN)}…` : word
}

function isWord(word: string): boolean {
  return word === 'true' || word === 'false' || word === 'null'
}

/** No integer of 64 bits and no double has more digits before the point. */
const MAX_INTEGER_LETTERS = 320
/** More digits than `toPrecision` gives. */
const MAX_DIGITS = 100

/**
 * Whether a number of JSON is one of MessagePack: an integer of 64 bits, or a double that is the same as far as it is
 * written out.
 */
export function isExact(word: string): boolean {
  const value = Number(word)
  if (!Number.isFinite(value)) return false
  // Most numbers are written as JavaScript would write them.
  if (String(value) === word) return true
  const isInteger = !/[.eE]/.test(word)
  if (isInteger && (Number.isSafeInteger(value) || is64Bits(word))) return true
  const { digits, exponent } = decimal(word)
  if (digits === '') return true
  if (value === 0 || digits.length > MAX_DIGITS) return false
  const near = decimal(value.toPrecision(digits.length))
  return near.digits === digits && near.exponent === exponent
}

/** @param word digits, with or without a minus */
export function is64Bits(word: string): boolean {
  if (word.length > MAX_INTEGER_LETTERS) return false
  const value = BigInt(word)
  return value === BigInt.asIntN(64, value) || value === BigInt.asUintN(64, value)
}

/** A number as its significant digits, and the power of ten of the first. */
function decimal(word: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = word.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const all = whole + fraction
  let from = 0
  while (all[from] === '0') from++
  let to = all.length
  while (to > from && all[to - 1] === '0') to--
  return { digits: all.slice(from, to), exponent: Number(power) + whole.length - from }
}
