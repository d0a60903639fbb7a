/**
 * In how many ways a channel can be subscribed to: with filters, and under names with qualifiers. Every message is
 * matched against each filter and framed for each name, so their sum is bounded.
 */
import type { Format } from '../../../core/types.ts'
import { type Failure, failure } from '../../../failure.ts'
import type { MessageFilter } from '../../../policy/message-filter.ts'

/** Of all different filters of a channel: some 1,600 comparisons of a header with a text. */
export const MAX_FILTER_UNITS = 8192
/** Groups of subscribers of a channel that get the same frames, under the same name. */
export const MAX_GROUPS = 2048

/** What makes a subscription cost more than that of everybody else. */
export interface Qualified {
  /** With its qualifier; undefined for the name of the channel itself. */
  readonly name: string | undefined
  readonly filter: MessageFilter | undefined
}

type Groups = readonly { readonly format: Format }[]

export class SubscriptionLimit {
  readonly #readers: ReadonlyMap<string, (variant: string) => Qualified>

  /** @param readers what the text of a variant means, by the protocol of its group; others have no qualifiers */
  constructor(readers: Iterable<readonly [protocol: string, (variant: string) => Qualified]>) {
    this.#readers = new Map(readers)
  }

  /**
   * Whether somebody may subscribe to a channel under a name with a qualifier. What others do already costs nothing.
   * @param groups of the channel
   * @returns `too_many_filters`
   */
  refusal(groups: Groups, { name, filter }: Qualified): Failure | undefined {
    const isKnown = () => groups.some(({ format }) => this.#read(format)?.name === name)
    if (groups.length >= MAX_GROUPS && !isKnown()) {
      const why = 'the channel has no room for another name with a qualifier'
      return failure('too_many_filters', why)
    }
    return filter && this.#filterRefusal(groups, filter)
  }

  #filterRefusal(groups: Groups, filter: MessageFilter): Failure | undefined {
    let units = filter.cost.units
    const counted = new Set<string>([filter.expression])
    for (const { format } of groups) {
      const other = this.#read(format)?.filter
      if (!other || counted.has(other.expression)) continue
      counted.add(other.expression)
      units += other.cost.units
    }
    return units > MAX_FILTER_UNITS ? failure('too_many_filters') : undefined
  }

  #read({ protocol, variant }: Format): Qualified | undefined {
    return this.#readers.get(protocol)?.(variant)
  }
}
