/** ACK and NACK of one transport: each frame with a `msgSerial` counts once, and is answered in their order (RTN7). */
import type { AppCounters, Traffic } from '../../../../core/counting/app-counters.ts'
import { notKept } from '../../../../core/history/history.ts'
import { type Failure, type Result, failure } from '../../../../failure.ts'
import type { Soon } from '../../../../core/soon.ts'
import { AckQueue } from './ack-queue.ts'
import type { Answer, Outcome } from './answers.ts'
import type { Client } from '../session/client.ts'
import { ackText, acknowledgement } from '../session/protocol-messages.ts'
import type { Accepted } from '../publishing/accepted.ts'
import {
  type AcknowledgedFrame,
  type FrameHandlers,
  handleFrame,
} from '../publishing/handle-frame.ts'

export interface AcknowledgingParts extends FrameHandlers {
  readonly appCounters: AppCounters
}

export class Acknowledging {
  readonly #parts: AcknowledgingParts
  readonly #client: Client
  readonly #queue = new AckQueue()

  constructor(parts: AcknowledgingParts, client: Client) {
    this.#parts = parts
    this.#client = client
  }

  /** Acts on a frame; one that came over another transport before is answered as it was then (RTN19a2). */
  act(frame: AcknowledgedFrame): void {
    const { msgSerial } = frame
    if (this.#queue.hasSeen(msgSerial)) return
    const { answers } = this.#client.connection
    const known = answers.find(msgSerial)
    if (known) this.#queue.add(known)
    else {
      const answer: Answer = { serial: msgSerial, outcome: undefined }
      answers.add(answer)
      this.#queue.add(answer)
      const result = this.#handled(frame)
      if (result instanceof Promise) this.#settleLater(answer, result, frame)
      else this.#settle(answer, result, frame)
    }
    this.acknowledge()
  }

  /** Refuses a frame without looking at it. */
  refuse({ msgSerial }: AcknowledgedFrame, why: Failure): void {
    if (this.#queue.hasSeen(msgSerial)) return
    this.#queue.add({ serial: msgSerial, outcome: { ok: false, failure: why } })
    this.acknowledge()
  }

  /** Sends the answers that have become known since. */
  acknowledge(): void {
    for (const ready of this.#queue.ready()) {
      const text = this.#client.format === 'json' ? ackText(ready) : undefined
      if (text !== undefined) this.#client.sendFrame(text)
      else this.#client.send(acknowledgement(ready, (why) => this.#client.errorInfo(why)))
    }
  }

  #handled(frame: AcknowledgedFrame): Soon<Result<Accepted>> {
    const client = this.#client
    return client.allowance.take()
      ? handleFrame(this.#parts, client, frame)
      : { ok: false, failure: failure('rate_limited') }
  }

  #settleLater(answer: Answer, result: Promise<Result<Accepted>>, frame: AcknowledgedFrame): void {
    const { connection } = this.#client
    void result.then((known) => {
      this.#settle(answer, known, frame)
      // The client may have come back over another transport.
      connection.transport?.acknowledge()
    })
  }

  #settle(answer: Answer, result: Result<Accepted>, frame: AcknowledgedFrame): void {
    const traffic = this.#traffic(frame)
    if (!result.ok) {
      traffic.refused++
      this.#client.refused(result.failure, frame.channel)
      answer.outcome = result
      return
    }
    const { bytes, count, kept, serials } = result.value
    traffic.count += count
    traffic.data += bytes
    const accepted: Outcome = { ok: true, serials }
    if (!kept) {
      answer.outcome = accepted
      return
    }
    const { connection } = this.#client
    const know = (outcome: Outcome) => {
      answer.outcome = outcome
      // The client may have come back over another transport.
      connection.transport?.acknowledge()
    }
    kept.then(
      () => know(accepted),
      (error: unknown) => know({ ok: false, failure: notKept(error) }),
    )
  }

  #traffic({ kind }: AcknowledgedFrame): Traffic {
    const { realtime } = this.#parts.appCounters.of(this.#client.connection.appId).inbound
    return kind === 'presence' ? realtime.presence : realtime.messages
  }
}
