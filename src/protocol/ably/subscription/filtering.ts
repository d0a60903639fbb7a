/** Filters the messages of a publication, within a budget for all filters of the channel together. */
import type { KeptMessage } from '../../../core/types.ts'
import { type FilterInput, filterInput } from '../../../policy/filter-view.ts'
import type { MessageFilter } from '../../../policy/message-filter.ts'

/** Filter steps for each message, so that many filters can be applied to a small one. */
export const STEPS_PER_MESSAGE = 16_384
/** Further steps for each character, so that some filters can be applied to a large one. */
export const STEPS_PER_LETTER = 2

/** A publication as filters see it: parsed once, and each filter applied once. */
export class Filtering {
  readonly messages: readonly KeptMessage[]
  readonly #views: readonly FilterInput[]
  readonly #answers = new Map<string, readonly KeptMessage[]>()
  #stepsLeft: number

  constructor(messages: readonly KeptMessage[]) {
    this.messages = messages
    this.#views = messages.map(filterInput)
    const letters = this.#views.reduce((sum, view) => sum + view.letters, 0)
    this.#stepsLeft = messages.length * STEPS_PER_MESSAGE + letters * STEPS_PER_LETTER
  }

  /** Steps that are left for further filters. */
  get stepsLeft(): number {
    return this.#stepsLeft
  }

  /**
   * The messages that a filter lets through. Where they are too much for it after all the filters that came before,
   * it lets them through without a look, because nobody may lose a message over that.
   */
  of(filter: MessageFilter): readonly KeptMessage[] {
    const { expression } = filter
    let answer = this.#answers.get(expression)
    if (!answer) {
      answer = this.messages.filter((_, index) => this.#lets(filter, this.#views[index]!))
      // The same array if all pass, so that the frame can be shared with subscribers without a filter.
      if (answer.length === this.messages.length) answer = this.messages
      this.#answers.set(expression, answer)
    }
    return answer
  }

  #lets(filter: MessageFilter, message: FilterInput): boolean {
    const steps = filter.stepsOn(message)
    if (steps > this.#stepsLeft) return true
    this.#stepsLeft -= steps
    looked += steps
    return filter.matches(message.view)
  }
}

/** A step takes about as long as encoding and sending this many bytes. */
const BYTES_PER_STEP = 24

/** Steps of all filters since the cost was last taken. */
let looked = 0

/** Takes the cost of filtering since the last call, in the unit of `FairTurns`. */
export function takeFilteringCost(): number {
  const cost = looked * BYTES_PER_STEP
  looked = 0
  return cost
}

/** The last publication, because all filters of a channel are applied to it one after the other. */
let last: Filtering | undefined

export function filtered(
  messages: readonly KeptMessage[],
  filter: MessageFilter,
): readonly KeptMessage[] {
  if (last?.messages !== messages) last = new Filtering(messages)
  return last.of(filter)
}
