/** Variants: what one group of readers of a channel gets, as the text that names the group and as what it means. */
import type { Occupancy } from '../../../../core/types.ts'
import { MODE, type Modes, has } from '../../../../core/modes.ts'
import { TextCache } from '../../../../identity/text-cache.ts'
import { type MessageFilter, compileFilter } from '../../../../policy/message-filter.ts'
import type { Format } from '../../wire/format.ts'

export type OccupancyWish = keyof Occupancy | 'metrics'

export interface Variant {
  readonly format: Format
  readonly messages: boolean
  readonly presence: boolean
  readonly annotations: boolean
  /** Messages as what differs from the one before. */
  readonly delta: boolean
  /** Never the new part of a message alone. */
  readonly whole: boolean
  readonly occupancy: OccupancyWish | undefined
  /** The name in frames, where it is not that of the channel. */
  readonly name: string | undefined
  readonly filter: MessageFilter | undefined
}

/** What decides about the variant of an attachment. */
export interface Reading {
  readonly format: Format
  readonly modes: Modes
  readonly delta: boolean
  readonly whole: boolean
  readonly occupancy: OccupancyWish | undefined
  readonly name: string | undefined
  /** JMESPath. */
  readonly filter: string | undefined
}

/** @returns undefined for somebody who reads nothing */
export function variantText(reading: Reading): string | undefined {
  const { modes, occupancy, name, filter } = reading
  const messages = has(modes, MODE.subscribe)
  const kinds =
    (messages ? 'M' : '') +
    (has(modes, MODE.presenceSubscribe) ? 'P' : '') +
    (has(modes, MODE.annotationSubscribe) ? 'A' : '')
  if (kinds === '' && occupancy === undefined) return undefined
  const how = messages ? (reading.delta ? 'D' : '') + (reading.whole ? 'W' : '') : ''
  const head = (reading.format === 'json' ? 'j' : 'm') + kinds + how
  if (occupancy === undefined && name === undefined) return head
  // Names hold no line breaks.
  const encoded = filter === undefined ? '' : Buffer.from(filter).toString('base64')
  return [head, occupancy ?? '', name ?? '', encoded].join('\n')
}

/** Of the texts of variants that are known, and of what they mean. */
export const MAX_VARIANT_LETTERS = 16_000_000
/** About as much memory as a part of a filter takes. */
const LETTERS_PER_UNIT = 32

/** Names and filters come from clients, so there may be any number: those that are used are known. */
const known = new TextCache<Variant>(MAX_VARIANT_LETTERS)

/** What a filter takes in memory, in letters. */
export function filterLetters(filter: MessageFilter | undefined): number {
  return filter ? LETTERS_PER_UNIT * filter.cost.units : 0
}

/** What the text of a variant means; only texts that `variantText` made have a meaning. */
export function readVariant(text: string): Variant {
  const found = known.get(text)
  if (found) return found
  const variant = parse(text)
  known.set(text, variant, filterLetters(variant.filter))
  return variant
}

function parse(text: string): Variant {
  const [head = '', occupancy, name, filter] = text.split('\n')
  const compiled = filter ? compileFilter(filter) : undefined
  return {
    format: head.startsWith('j') ? 'json' : 'msgpack',
    messages: head.includes('M'),
    presence: head.includes('P'),
    annotations: head.includes('A'),
    delta: head.includes('D'),
    whole: head.includes('W'),
    occupancy: occupancy ? (occupancy as OccupancyWish) : undefined,
    name: name || undefined,
    filter: compiled?.ok === true ? compiled.value : undefined,
  }
}
