/** Variants: what one group of readers of a channel gets, as the text that names the group and as what it means. */
import type { Occupancy } from '../../../../core/types.ts'
import { MODE, type Modes, has } from '../../../../core/modes.ts'
import { type MessageFilter, compileFilter } from '../../../../policy/message-filter.ts'
import { cachedVariants } from '../../subscription/variant-cache.ts'
import type { Format } from '../../wire/format.ts'

export type OccupancyMetric = keyof Occupancy | 'metrics'

export interface Variant {
  readonly format: Format
  readonly messages: boolean
  readonly presence: boolean
  readonly annotations: boolean
  /** Messages as what differs from the one before. */
  readonly delta: boolean
  /** Never the new part of a message alone. */
  readonly whole: boolean
  readonly occupancy: OccupancyMetric | undefined
  /** The name in frames, where it is not that of the channel. */
  readonly name: string | undefined
  readonly filter: MessageFilter | undefined
}

/** What decides about the variant of an attachment. */
export interface VariantOptions {
  readonly format: Format
  readonly modes: Modes
  readonly delta: boolean
  readonly whole: boolean
  readonly occupancy: OccupancyMetric | undefined
  readonly name: string | undefined
  /** JMESPath. */
  readonly filter: string | undefined
}

/** @returns undefined for somebody who reads nothing */
export function variantText(options: VariantOptions): string | undefined {
  const { modes, occupancy, name, filter } = options
  const messages = has(modes, MODE.subscribe)
  const kinds =
    (messages ? 'M' : '') +
    (has(modes, MODE.presenceSubscribe) ? 'P' : '') +
    (has(modes, MODE.annotationSubscribe) ? 'A' : '')
  if (kinds === '' && occupancy === undefined) return undefined
  const how = messages ? (options.delta ? 'D' : '') + (options.whole ? 'W' : '') : ''
  const head = (options.format === 'json' ? 'j' : 'm') + kinds + how
  if (occupancy === undefined && name === undefined) return head
  // Names hold no line breaks.
  const encoded = filter === undefined ? '' : Buffer.from(filter).toString('base64')
  return [head, occupancy ?? '', name ?? '', encoded].join('\n')
}

/** What the text of a variant means; only texts that `variantText` made have a meaning. */
export const readVariant: (text: string) => Variant = cachedVariants(parse)

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
    occupancy: occupancy ? (occupancy as OccupancyMetric) : undefined,
    name: name || undefined,
    filter: compiled?.ok === true ? compiled.value : undefined,
  }
}
