/** What a connection's numbered frames were answered with, so that none counts twice (RTN19a2). */
import type { Failure } from '../../../../failure.ts'

/** Serials of what was published, null for what has none of its own; or why nothing was. */
export type Outcome =
  | { readonly ok: true; readonly serials: readonly (string | null)[] }
  | { readonly ok: false; readonly failure: Failure }

/** One answer; it may be given to several transports, of which each waits for it. */
export interface Answer {
  /** The number of the frame. */
  readonly serial: number
  /** Undefined until it is known. */
  outcome: Outcome | undefined
}

/** More than most clients have waiting at once; of what is older it is enough to know what was refused. */
const MAX_ANSWERS = 1024
/** As many as a client can have refused at once before it counts as flooding. */
const MAX_REFUSED = 10_000

/** The answers of one connection, by `msgSerial`. They survive a change of transport. */
export class AnswerBook {
  /** The greatest number there was. */
  #last = -1
  /** A ring, in which each has its place by its number. Most connections publish nothing. */
  #recent: (Answer | undefined)[] = []
  /** What was not simply acknowledged. Without it, a refusal that got lost would come again as a success. */
  #refused: Map<number, Answer> | undefined
  #isResting = true

  get last(): number {
    return this.#last
  }

  /** @returns undefined for a frame that is new */
  find(serial: number): Answer | undefined {
    if (serial > this.#last) return undefined
    const recent = this.#recent[serial % MAX_ANSWERS]
    if (recent?.serial === serial) return recent
    // Acknowledged before, though nobody knows any more with which serials.
    return this.#refused?.get(serial) ?? { serial, outcome: { ok: true, serials: [null] } }
  }

  add(answer: Answer): void {
    this.#last = answer.serial
    this.#isResting = false
    const place = answer.serial % MAX_ANSWERS
    const before = this.#recent[place]
    this.#recent[place] = answer
    if (before) this.#forget(before)
  }

  /** What is remembered, the oldest first. */
  *known(): Iterable<Answer> {
    if (this.#refused) yield* this.#refused.values()
    const recent = this.#recent.filter((answer) => answer !== undefined)
    yield* recent.toSorted((a, b) => a.serial - b.serial)
  }

  /** Where a connection went on before: everything up to a number has been answered. */
  resume(last: number): void {
    this.#last = last
  }

  /** To be told now and then: if nothing was answered since, the client has most likely got all answers. */
  rest(): void {
    if (this.#isResting && this.#recent.length > 0) {
      const recent = this.#recent
      this.#recent = []
      for (const answer of recent) if (answer) this.#forget(answer)
    }
    this.#isResting = true
  }

  /** One whose outcome is not known yet may still become a refusal. */
  #forget(answer: Answer): void {
    if (answer.outcome?.ok === true) return
    const refused = (this.#refused ??= new Map())
    refused.set(answer.serial, answer)
    if (refused.size <= MAX_REFUSED) return
    // Many in one go, because taking the first out of a large map again and again is slow.
    let left = MAX_REFUSED / 2
    for (const oldest of refused.keys()) {
      if (left-- === 0) return
      refused.delete(oldest)
    }
  }
}
