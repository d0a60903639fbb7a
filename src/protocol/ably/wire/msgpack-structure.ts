/** Converts maps and arrays of MessagePack to equivalent JSON text, if there is one. */
import { type Failure, failure } from '../../../failure.ts'
import {
  type Cursor,
  broken,
  readBytes,
  readExtension,
  readFloat32,
  readFloat64,
  readInt64,
  readText,
  readUint,
  readUint64,
  skipValues,
} from './msgpack-cursor.ts'
import { MAX_DEPTH, Structure } from './structure.ts'

/** What is read of one structure, to its end even where it is found to be none that JSON has. */
interface Conversion {
  readonly cursor: Cursor
  fault: Failure | undefined
  /** Commas between the outermost items or members. */
  commas: number
}

/** Whether a map or an array comes next. */
export function isStructure({ bytes, at }: Cursor): boolean {
  const head = bytes[at] ?? 0
  return (head >= 0x80 && head < 0xa0) || (head >= 0xdc && head <= 0xdf)
}

/** Skips a map or an array. */
export function structureAt(cursor: Cursor): Structure {
  const conversion: Conversion = { cursor, fault: undefined, commas: 0 }
  const text = valueText(conversion, 0)
  const { commas, fault } = conversion
  return fault
    ? Structure.unsayable(fault)
    : Structure.of(text ?? 'null', { isCommon: true, commas })
}

/** @returns undefined for what is left out */
function valueText(conversion: Conversion, depth: number): string | undefined {
  const { cursor } = conversion
  const head = readUint(cursor, 1)
  if (head < 0x80) return String(head)
  if (head < 0x90) return mapText(conversion, head & 0x0f, depth)
  if (head < 0xa0) return arrayText(conversion, head & 0x0f, depth)
  if (head < 0xc0) return quoted(conversion, readText(cursor, head & 0x1f))
  if (head >= 0xe0) return String(head - 0x100)
  return head < 0xd0 ? otherText(conversion, head) : longText(conversion, head, depth)
}

function otherText(conversion: Conversion, head: number): string | undefined {
  const { cursor } = conversion
  switch (head) {
    case 0xc0:
      return 'null'
    case 0xc2:
      return 'false'
    case 0xc3:
      return 'true'
    case 0xc4:
    case 0xc5:
    case 0xc6:
      readBytes(cursor, readUint(cursor, 1 << (head - 0xc4)))
      return unsayable(conversion, 'bytes')
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return extensionText(conversion, readUint(cursor, 1 << (head - 0xc7)))
    case 0xca:
      return floatText(conversion, readFloat32(cursor))
    case 0xcb:
      return floatText(conversion, readFloat64(cursor))
    case 0xcc:
    case 0xcd:
    case 0xce:
      return String(readUint(cursor, 1 << (head - 0xcc)))
    case 0xcf:
      return String(readUint64(cursor))
    default:
      return broken(cursor)
  }
}

function longText(conversion: Conversion, head: number, depth: number): string | undefined {
  const { cursor } = conversion
  switch (head) {
    case 0xd0:
      return String((readUint(cursor, 1) << 24) >> 24)
    case 0xd1:
      return String((readUint(cursor, 2) << 16) >> 16)
    case 0xd2:
      return String(readUint(cursor, 4) | 0)
    case 0xd3:
      return String(readInt64(cursor))
    case 0xd9:
    case 0xda:
    case 0xdb:
      return quoted(conversion, readText(cursor, readUint(cursor, 1 << (head - 0xd9))))
    case 0xdc:
    case 0xdd:
      return arrayText(conversion, readUint(cursor, 2 << (head - 0xdc)), depth)
    case 0xde:
    case 0xdf:
      return mapText(conversion, readUint(cursor, 2 << (head - 0xde)), depth)
    default:
      return extensionText(conversion, 1 << (head - 0xd4))
  }
}

/** As in JSON, undefined members are left out, and undefined items are null. */
function mapText(conversion: Conversion, length: number, depth: number): string {
  if (depth === MAX_DEPTH) return tooDeep(conversion, 2 * length)
  const { cursor } = conversion
  let text = ''
  for (let i = 0; i < length && !cursor.isBroken; i++) {
    const name = nameText(conversion)
    const value = valueText(conversion, depth + 1)
    if (value === undefined) continue
    if (text === '') text = `${name}:${value}`
    else {
      text += `,${name}:${value}`
      if (depth === 0) conversion.commas++
    }
  }
  return `{${text}}`
}

function arrayText(conversion: Conversion, length: number, depth: number): string {
  if (depth === MAX_DEPTH) return tooDeep(conversion, length)
  const { cursor } = conversion
  let text = ''
  for (let i = 0; i < length && !cursor.isBroken; i++)
    text += `${i === 0 ? '' : ','}${valueText(conversion, depth + 1) ?? 'null'}`
  if (depth === 0) conversion.commas = Math.max(0, length - 1)
  return `[${text}]`
}

/** Names of members must be texts in JSON. */
function nameText(conversion: Conversion): string {
  const head = conversion.cursor.bytes[conversion.cursor.at] ?? 0
  const isText = (head >= 0xa0 && head < 0xc0) || (head >= 0xd9 && head <= 0xdb)
  if (!isText) unsayable(conversion, 'a name of a member that is no text')
  // Values that are too deep are skipped.
  return valueText(conversion, MAX_DEPTH) ?? ''
}

/** @param values that belong to what is too deep, which are gone past all the same */
function tooDeep(conversion: Conversion, values: number): string {
  conversion.fault ??= failure('too_deep')
  skipValues(conversion.cursor, values)
  return 'null'
}

function quoted(conversion: Conversion, text: string | symbol): string {
  return typeof text === 'string'
    ? JSON.stringify(text)
    : (unsayable(conversion, wordsOf(text)) ?? '')
}

/** With a decimal point, so that typed languages read it as a floating-point number again. */
function floatText(conversion: Conversion, value: number): string | undefined {
  if (!Number.isFinite(value)) return unsayable(conversion, `the number ${value}`)
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

function extensionText(conversion: Conversion, length: number): string | undefined {
  const extension = readExtension(conversion.cursor, length)
  return extension && unsayable(conversion, wordsOf(extension))
}

function wordsOf(symbol: symbol): string {
  return symbol.description ?? ''
}

/** @returns what is put there in the meantime, so that it is not taken for left out */
function unsayable(conversion: Conversion, what: string): string {
  conversion.fault ??= failure(
    'data_invalid',
    `an object or array holds ${what}, which JSON has not`,
  )
  return 'null'
}
