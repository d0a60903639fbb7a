/** Which messages of a publication pass a filter, within what all filters of a channel may cost for it. */
import type { KeptMessage } from '../../../core/types.ts'
import { type FilterInput, filterInput } from '../../../policy/filter-view.ts'
import type { MessageFilter } from '../../../policy/message-filter.ts'

/** For each message, so that small ones may be looked at by many filters. */
export const STEPS_PER_MESSAGE = 16_384
/** As many more for each letter of it, so that a large one may be looked at by some. */
export const STEPS_PER_LETTER = 2

/** A publication as the filters of a channel see it: read once, and asked each filter once. */
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

  /** How many steps there are left for further filters. */
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
      // The very same, so that it is seen that their frames are.
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

/** A step takes about as long as so many bytes do that are written and sent. */
const BYTES_PER_STEP = 24

/** Steps of all filters since somebody asked. */
let looked = 0

/** What looking with filters has cost since this was asked last, as pieces of long work cost. */
export function takeFilteringCost(): number {
  const cost = looked * BYTES_PER_STEP
  looked = 0
  return cost
}

/** The last one, because all filters of a channel look at the same messages. */
let last: Filtering | undefined

export function filtered(
  messages: readonly KeptMessage[],
  filter: MessageFilter,
): readonly KeptMessage[] {
  if (last?.messages !== messages) last = new Filtering(messages)
  return last.of(filter)
}
