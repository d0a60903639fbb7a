/** Acknowledgements of one transport: in the order of the frames they are for, and each once (RTN7). */
import type { Answer, Outcome } from './answers.ts'

interface Waiting {
  readonly serial: number
  readonly answer: Answer
}

/** One ACK or NACK: it is for `outcomes.length` frames, from `serial` on. */
export interface Acknowledgement {
  readonly serial: number
  readonly outcomes: readonly Outcome[]
}

export class AckQueue {
  #waiting: Waiting[] = []
  /** The greatest number that came over this transport. */
  #frontier = -1

  /** Whether a number has come over this transport before; a second answer breaks some SDKs. */
  hasSeen(serial: number): boolean {
    return serial <= this.#frontier
  }

  add(serial: number, answer: Answer): void {
    this.#frontier = serial
    this.#waiting.push({ serial, answer })
  }

  /** Takes out what can be said now: neighbours of one kind together. */
  ready(): Acknowledgement[] {
    const found: { serial: number; outcomes: Outcome[] }[] = []
    let taken = 0
    for (const { serial, answer } of this.#waiting) {
      const { outcome } = answer
      if (!outcome) break
      taken++
      const last = found.at(-1)
      if (
        last &&
        last.serial + last.outcomes.length === serial &&
        isAlike(last.outcomes[0]!, outcome)
      )
        last.outcomes.push(outcome)
      else found.push({ serial, outcomes: [outcome] })
    }
    this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken)
    return found
  }
}

/** Refusals are told one by one, because each may have another reason. */
function isAlike(a: Outcome, b: Outcome): boolean {
  return a.ok && b.ok
}
