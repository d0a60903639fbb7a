/** Variants: the form in which a group of subscribers gets a channel, as text that names the group and as parts. */
import type { Occupancy } from '../../../../core/types.ts'
import { MODE, type Modes, has } from '../../../../core/modes.ts'
import { type MessageFilter, compileFilter } from '../../../../policy/message-filter.ts'
import { cachedVariants } from '../../subscription/variant-cache.ts'
import type { Format } from '../../wire/format.ts'
import type { ObjectDialect } from '../../wire/objects/object-actions.ts'

export type OccupancyMetric = keyof Occupancy | 'metrics'

export interface Variant {
  readonly format: Format
  readonly messages: boolean
  readonly presence: boolean
  readonly annotations: boolean
  /** How it gets operations on objects, if it does: in a group of its own, which a backlog does not hold up. */
  readonly objects: ObjectDialect | undefined
  /** Whether messages come as deltas against the one before. */
  readonly delta: boolean
  /** Whether an appended message comes whole, instead of only what was appended. */
  readonly whole: boolean
  readonly occupancy: OccupancyMetric | undefined
  /** The channel name for frames, if the client attached it under a qualified name. */
  readonly name: string | undefined
  readonly filter: MessageFilter | undefined
}

/** What determines the variant of an attachment. */
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

/** @returns undefined for an attachment that receives nothing */
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
  // Channel names contain no line breaks, so the parts can be split again.
  const encoded = filter === undefined ? '' : Buffer.from(filter).toString('base64')
  return [head, occupancy ?? '', name ?? '', encoded].join('\n')
}

/**
 * The variant of an attachment that reads objects.
 * @param name as in `VariantOptions`
 */
export function objectVariantText(
  format: Format,
  dialect: ObjectDialect,
  name: string | undefined,
): string {
  const head = (format === 'json' ? 'j' : 'm') + (dialect === 'current' ? 'O' : 'o')
  return name === undefined ? head : [head, '', name, ''].join('\n')
}

/** Parses the text of a variant, which must have been made by a function above. */
export const readVariant: (text: string) => Variant = cachedVariants(parse)

function parse(text: string): Variant {
  const [head = '', occupancy, name, filter] = text.split('\n')
  const compiled = filter ? compileFilter(filter) : undefined
  return {
    format: head.startsWith('j') ? 'json' : 'msgpack',
    messages: head.includes('M'),
    presence: head.includes('P'),
    annotations: head.includes('A'),
    objects: head.includes('O') ? 'current' : head.includes('o') ? 'older' : undefined,
    delta: head.includes('D'),
    whole: head.includes('W'),
    occupancy: occupancy ? (occupancy as OccupancyMetric) : undefined,
    name: name || undefined,
    filter: compiled?.ok === true ? compiled.value : undefined,
  }
}
