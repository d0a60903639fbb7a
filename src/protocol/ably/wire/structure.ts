/** Structures: objects and arrays in the place of text or bytes, kept as the JSON text in which they were written. */
import type { JsonText } from '../../../core/types.ts'
import { type Failure, failure } from '../../../failure.ts'
import { isRecord } from './json-value.ts'
import { JsonScanner } from '../../../text/json-scanner.ts'

/** Deeper values could exhaust the stack of a recursive reader. */
export const MAX_DEPTH = 64

/** What is known about a structure besides its text. */
interface Known {
  readonly isCommon?: boolean
  readonly commas?: number
  /** The parsed value. */
  readonly value?: object | undefined
}

const NOTHING: Known = {}

export class Structure {
  /** The text as it was written. */
  readonly text: JsonText
  /** Why the structure cannot be stored, if so. */
  readonly fault: Failure | undefined
  /** Whether MessagePack can hold it; undefined if unknown. */
  readonly isCommon: boolean
  /** The number of commas between its own items or members; undefined if unknown. */
  readonly commas: number | undefined
  #value: object | undefined

  private constructor(text: JsonText, known: Known, fault: Failure | undefined) {
    this.text = text
    this.fault = fault
    this.commas = known.commas
    this.isCommon = known.isCommon === true
    this.#value = known.value
  }

  static of(text: JsonText, known = NOTHING): Structure {
    return new Structure(text, known, undefined)
  }

  /** @param why what of it JSON has not, or a depth that is too much */
  static unsayable(why: Failure): Structure {
    return new Structure('', NOTHING, why)
  }

  /** The value in JavaScript, which may lose digits of numbers and repeated members. */
  get value(): unknown {
    return (this.#value ??= JSON.parse(this.text) as object)
  }

  get isObject(): boolean {
    return this.text.startsWith('{')
  }
}

/** Members whose values become structures. */
export const HELD: ReadonlySet<string> = new Set(['data', 'extras', 'metadata', 'headers'])
/** Members that contain such members. */
const AROUND: ReadonlySet<string> = new Set([
  'channels',
  'messages',
  'presence',
  'annotations',
  'message',
  'version',
])

type Members = Record<string, unknown>

/** The nesting of protocol messages, messages and versions: structures are not searched for further in. */
const MAX_AROUND = 8

/**
 * Puts structures in the place of those members of entries that are objects or arrays.
 * @param value as parsed from the text: an entry or protocol message, or a list of them, which is changed
 */
export function holdStructures(value: unknown, text: string): void {
  const entry = entryWith(value)
  if (entry === undefined) return
  if (entry === SEVERAL || !holdIn(entry, text)) hold(value, new JsonScanner(text), MAX_AROUND)
}

const SEVERAL = Symbol('there may be structures in several places')

/**
 * The entry of which structures are members, if it is the only one, as in most requests and frames.
 * @returns undefined if there are none, as mostly
 */
function entryWith(value: unknown): Members | typeof SEVERAL | undefined {
  let inner = value
  for (let levels = MAX_AROUND; levels > 0; levels--) {
    if (Array.isArray(inner)) {
      if (inner.length !== 1) return hasStructures(inner, levels) ? SEVERAL : undefined
      inner = inner[0]
      continue
    }
    if (!isRecord(inner)) return undefined
    let isHolder = false
    let around: unknown
    for (const name in inner) {
      const member = inner[name]
      if (typeof member !== 'object' || member === null) continue
      if (HELD.has(name)) isHolder = true
      else if (AROUND.has(name)) {
        if (around !== undefined) return hasStructures(inner, levels) ? SEVERAL : undefined
        around = member
      }
    }
    // The value was parsed from the text for this purpose only, so it may be changed.
    if (around === undefined) return isHolder ? (inner as Members) : undefined
    if (isHolder) return SEVERAL
    inner = around
  }
  return undefined
}

/** Names with their quotes, as they stand in the text. */
const QUOTED: ReadonlyMap<string, string> = new Map([...HELD].map((name) => [name, `"${name}"`]))
const ESCAPE = '\\u'

/**
 * Looks for each structure by its name, which costs less than to go over all that stands before it. The members are
 * there, so their names stand in a text without escapes as they are, and one that stands there once is that member's.
 * @returns whether that is so of each; otherwise the text has to be gone over
 */
function holdIn(entry: Members, text: string): boolean {
  if (text.includes(ESCAPE)) return false
  for (const name in entry) {
    const member = entry[name]
    if (typeof member !== 'object' || member === null || !HELD.has(name)) continue
    const quoted = QUOTED.get(name)!
    const at = text.indexOf(quoted)
    if (text.includes(quoted, at + 1)) return false
    const scanner = new JsonScanner(text, at + quoted.length)
    scanner.peek()
    // Skips the colon.
    scanner.at++
    entry[name] = taken(scanner, member)
  }
  return true
}

function hasStructures(value: unknown, levels: number): boolean {
  if (levels === 0) return false
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) if (hasStructures(item, levels - 1)) return true
    return false
  }
  if (!isRecord(value)) return false
  for (const name in value) {
    const member = value[name]
    if (typeof member !== 'object' || member === null) continue
    if (HELD.has(name) || (AROUND.has(name) && hasStructures(member, levels - 1))) return true
  }
  return false
}

function hold(value: unknown, scanner: JsonScanner, levels: number): void {
  const first = scanner.peek()
  if (levels > 0 && Array.isArray(value) && first === 0x5b)
    return scanner.items((index) => hold(value[index], scanner, levels - 1))
  if (levels === 0 || !isRecord(value) || first !== 0x7b) return scanner.skip()
  // The value was parsed from the text for this purpose only, so it may be changed.
  const members = value as Members
  scanner.members((name) => {
    if (HELD.has(name)) holdMember(members, name, scanner)
    else if (AROUND.has(name)) hold(members[name], scanner, levels - 1)
    else scanner.skip()
  })
}

/** Of members with the same name the last counts, as for every JSON parser. */
function holdMember(members: Members, name: string, scanner: JsonScanner): void {
  const member = members[name]
  if (typeof member !== 'object' || member === null) return scanner.skip()
  // If it is a structure already, that was an earlier member of the same name.
  members[name] = taken(scanner, member instanceof Structure ? undefined : member)
}

/** @param text JSON of an object or array */
export function structureOf(text: string, value?: object): Structure {
  return taken(new JsonScanner(text), value)
}

function taken(scanner: JsonScanner, value: object | undefined): Structure {
  const text = scanner.take()
  const { commas, depth } = scanner
  if (depth > MAX_DEPTH) return Structure.unsayable(failure('too_deep'))
  return Structure.of(text, { commas, value })
}
