/** The answers of a connection by `msgSerial`, so that a frame that is sent again counts once (RTN19a2). */
import type { Failure } from '../../../../failure.ts'

/** Serials of what was published, null for what has none; or why it was refused. */
export type Outcome =
  | { readonly ok: true; readonly serials: readonly (string | null)[] }
  | { readonly ok: false; readonly failure: Failure }

/** One answer. Several transports of a connection may wait for it. */
export interface Answer {
  /** The `msgSerial` of the frame. */
  readonly serial: number
  /** Undefined until the engine has answered. */
  outcome: Outcome | undefined
}

/** Answers that are kept in full; of older ones only refusals are kept. */
const MAX_ANSWERS = 1024
/** Refusals that are kept: a client that has more at once is flooding. */
const MAX_REFUSED = 10_000

/** The answers of one connection, by `msgSerial`. They survive a change of transport. */
export class AnswerBook {
  /** The greatest `msgSerial` so far. */
  #last = -1
  /** A ring buffer indexed by `msgSerial`, empty for the many connections that publish nothing. */
  #recent: (Answer | undefined)[] = []
  /** Older refusals. Without them, a frame whose NACK was lost would be acknowledged when it is sent again. */
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
    // It was acknowledged, but its serials are no longer kept.
    return this.#refused?.get(serial) ?? { serial, outcome: { ok: true, serials: [null] } }
  }

  add(answer: Answer): void {
    this.#last = answer.serial
    this.#isResting = false
    const slot = answer.serial % MAX_ANSWERS
    const before = this.#recent[slot]
    this.#recent[slot] = answer
    if (before) this.#forget(before)
  }

  /** All answers that are kept, the oldest first. */
  *known(): Iterable<Answer> {
    if (this.#refused) yield* this.#refused.values()
    const recent = this.#recent.filter((answer) => answer !== undefined)
    yield* recent.toSorted((a, b) => a.serial - b.serial)
  }

  /** Continues after a `msgSerial`, everything up to which has been answered. */
  resume(last: number): void {
    this.#last = last
  }

  /** To be called with each heartbeat: if nothing was answered since the last, the client has got all answers. */
  rest(): void {
    if (this.#isResting && this.#recent.length > 0) {
      const recent = this.#recent
      this.#recent = []
      for (const answer of recent) if (answer) this.#forget(answer)
    }
    this.#isResting = true
  }

  /** An answer that is still unknown is kept too, because it may become a refusal. */
  #forget(answer: Answer): void {
    if (answer.outcome?.ok === true) return
    const refused = (this.#refused ??= new Map())
    refused.set(answer.serial, answer)
    if (refused.size <= MAX_REFUSED) return
    // Half of them at once, because deleting the first entry of a large map repeatedly is slow.
    let left = MAX_REFUSED / 2
    for (const oldest of refused.keys()) {
      if (left-- === 0) return
      refused.delete(oldest)
    }
  }
}
