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

/** More than any client has waiting at once; what is older was acknowledged long ago. */
const MAX_ANSWERS = 1024

/** Acknowledged before, though nobody knows any more with which serials. */
const LONG_AGO: Answer = { outcome: { ok: true, serials: [null] } }

/** The answers of one connection, by `msgSerial`. They survive a change of transport. */
export class AnswerBook {
  /** The greatest number there was. */
  #last = -1
  /** Undefined while there is nothing worth remembering: most connections publish nothing. */
  #known: Map<number, Answer> | undefined

  #isResting = true

  get last(): number {
    return this.#last
  }

  /** @returns undefined for a frame that is new */
  find(serial: number): Answer | undefined {
    if (serial > this.#last) return undefined
    return this.#known?.get(serial) ?? LONG_AGO
  }

  add(serial: number, answer: Answer): void {
    this.#last = serial
    this.#isResting = false
    const known = (this.#known ??= new Map())
    known.set(serial, answer)
    if (known.size <= MAX_ANSWERS) return
    for (const oldest of known.keys()) {
      known.delete(oldest)
      return
    }
  }

  /** Where a connection went on before: everything up to a number has been answered. */
  resume(last: number): void {
    this.#last = last
  }

  /** To be told now and then: if nothing was answered since, the client has got all answers. */
  rest(): void {
    if (this.#isResting) this.#known = undefined
    this.#isResting = true
  }
}
