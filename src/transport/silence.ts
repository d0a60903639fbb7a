/**
 * Finds peers that are gone without a word. Whoever has sent nothing for a while is pinged, also while there is much to
 * send to them: that what is sent goes somewhere says only that some proxy takes it.
 */
import { type Timed, TICK_MS, type TimerWheel } from '../core/time/timer-wheel.ts'

/** A socket, as far as it is looked at whether anybody is there. */
export interface Peer extends Timed {
  /** When it was heard last, by what the wheel has said. */
  heardAt: number
  /** Since then. */
  asked: 'not' | 'once' | 'finally'
  ping(): void
  /** Nobody answers. */
  lost(): void
}

/** What is left for the answer to a ping, where the whole time is long enough. */
const ANSWER_MS = 8000

export class Silence {
  readonly #wheel: TimerWheel
  readonly #askAfterMs: number
  readonly #answerMs: number

  /** @param seconds without a frame and without the answer to a ping, until a peer is lost */
  constructor(wheel: TimerWheel, seconds: number) {
    this.#wheel = wheel
    this.#answerMs = Math.min(ANSWER_MS, seconds * 500)
    this.#askAfterMs = seconds * 1000 - this.#answerMs
  }

  begin(peer: Peer): void {
    this.heard(peer)
    this.#wheel.schedule(peer, peer.heardAt + this.#askAfterMs)
  }

  /** Notes a sign of life of a peer. Costs two writes; the timer is moved only when it fires. */
  heard(peer: Peer): void {
    peer.heardAt = this.#wheel.now
    peer.asked = 'not'
  }

  end(peer: Peer): void {
    this.#wheel.cancel(peer)
  }

  /** Pings a peer that has been silent for long enough, and gives up one that did not answer. */
  wake(peer: Peer, now: number): void {
    if (now - peer.heardAt < this.#askAfterMs) {
      this.#wheel.schedule(peer, peer.heardAt + this.#askAfterMs)
      return
    }
    switch (peer.asked) {
      case 'not':
        peer.asked = 'once'
        peer.ping()
        this.#wheel.schedule(peer, now + this.#answerMs)
        return
      case 'once':
        // Where the server itself stood still, the answer is there and has not been read yet.
        peer.asked = 'finally'
        this.#wheel.schedule(peer, now + TICK_MS)
        return
      case 'finally':
        peer.lost()
    }
  }
}
