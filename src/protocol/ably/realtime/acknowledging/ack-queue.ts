/** Acknowledgements of one transport, in the order of `msgSerial` and each sent once (RTN7). */
import type { Answer, Outcome } from './answers.ts'

/** One ACK or NACK, for `outcomes.length` frames from `serial` on. */
export interface Acknowledgement {
  readonly serial: number
  readonly outcomes: readonly Outcome[]
}

const NOTHING: readonly Acknowledgement[] = Object.freeze([])

export class AckQueue {
  #waiting: Answer[] = []
  /** The greatest `msgSerial` that came over this transport. */
  #frontier = -1

  /** Whether a `msgSerial` came over this transport before; a second answer for it breaks some SDKs. */
  hasSeen(serial: number): boolean {
    return serial <= this.#frontier
  }

  add(answer: Answer): void {
    this.#frontier = answer.serial
    this.#waiting.push(answer)
  }

  /** Removes and returns what can be sent now, successive successes as one ACK. */
  ready(): readonly Acknowledgement[] {
    const [first] = this.#waiting
    if (!first?.outcome) return NOTHING
    if (this.#waiting.length === 1) {
      this.#waiting.pop()
      return [{ serial: first.serial, outcomes: [first.outcome] }]
    }
    return this.#runs()
  }

  #runs(): Acknowledgement[] {
    const found: { serial: number; outcomes: Outcome[] }[] = []
    let taken = 0
    for (const { serial, outcome } of this.#waiting) {
      if (!outcome) break
      taken++
      const last = found.at(-1)
      if (last && continues(last, serial, outcome)) last.outcomes.push(outcome)
      else found.push({ serial, outcomes: [outcome] })
    }
    this.#waiting = this.#waiting.slice(taken)
    return found
  }
}

/** Each refusal is a NACK of its own, because reasons may differ. */
function continues(last: Acknowledgement, serial: number, outcome: Outcome): boolean {
  const { outcomes } = last
  return last.serial + outcomes.length === serial && outcome.ok && outcomes[0]!.ok
}
