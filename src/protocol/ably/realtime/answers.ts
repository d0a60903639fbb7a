/** What a connection's numbered frames were answered with, so that none counts twice (RTN19a2). */
import type { Failure } from '../../../failure.ts'

/** Serials of what was published, null for what has none of its own; or why nothing was. */
export type Outcome =
  | { readonly ok: true; readonly serials: readonly (string | null)[] }
  | { readonly ok: false; readonly failure: Failure }

/** One answer; it may be given to several transports, of which each waits for it. */
export interface Answer {
  /** Undefined until it is known. */
  outcome: Outcome | undefined
}

/** More than most clients have waiting at once; of what is older it is enough to know what was refused. */
const MAX_ANSWERS = 1024
/** As many as a client can have refused at once before it counts as flooding. */
const MAX_REFUSED = 10_000

/** Acknowledged before, though nobody knows any more with which serials. */
const LONG_AGO: Answer = { outcome: { ok: true, serials: [null] } }

/** The answers of one connection, by `msgSerial`. They survive a change of transport. */
export class AnswerBook {
  /** The greatest number there was. */
  #last = -1
  /** Undefined while there is nothing worth remembering: most connections publish nothing. */
  #recent: Map<number, Answer> | undefined
  /** What is not as `LONG_AGO` says. Without it, a refusal that got lost would come again as a success. */
  #refused: Map<number, Answer> | undefined
  #isResting = true

  get last(): number {
    return this.#last
  }

  /** @returns undefined for a frame that is new */
  find(serial: number): Answer | undefined {
    if (serial > this.#last) return undefined
    return this.#recent?.get(serial) ?? this.#refused?.get(serial) ?? LONG_AGO
  }

  add(serial: number, answer: Answer): void {
    this.#last = serial
    this.#isResting = false
    const recent = (this.#recent ??= new Map())
    recent.set(serial, answer)
    if (recent.size > MAX_ANSWERS) this.#forgetOldest(recent)
  }

  /** What is remembered, the oldest first. */
  *known(): Iterable<[serial: number, answer: Answer]> {
    yield* this.#refused ?? []
    yield* this.#recent ?? []
  }

  /** Where a connection went on before: everything up to a number has been answered. */
  resume(last: number): void {
    this.#last = last
  }

  /** To be told now and then: if nothing was answered since, the client has most likely got all answers. */
  rest(): void {
    if (this.#isResting && this.#recent) {
      for (const [serial, answer] of this.#recent) this.#forget(serial, answer)
      this.#recent = undefined
    }
    this.#isResting = true
  }

  #forgetOldest(recent: Map<number, Answer>): void {
    for (const [serial, answer] of recent) {
      recent.delete(serial)
      return this.#forget(serial, answer)
    }
  }

  /** One whose outcome is not known yet may still become a refusal. */
  #forget(serial: number, answer: Answer): void {
    if (answer.outcome?.ok === true) return
    const refused = (this.#refused ??= new Map())
    refused.set(serial, answer)
    if (refused.size <= MAX_REFUSED) return
    // Many in one go, because taking the first out of a large map again and again is slow.
    let left = MAX_REFUSED / 2
    for (const oldest of refused.keys()) {
      if (left-- === 0) return
      refused.delete(oldest)
    }
  }
}
