/** Messages that can be changed and annotated, found as they stand now. */
import { type Result, fail, ok } from '../failure.ts'
import type { AppChannel } from './app-channel.ts'
import type { Broker } from './broker.ts'
import type { Clock } from './clock.ts'
import { readHistory } from './history.ts'
import type { ChannelRef, KeptMessage } from './types.ts'

export interface Found {
  readonly channel: AppChannel
  readonly message: KeptMessage
}

export class MutableMessages {
  readonly #broker: Broker
  readonly #clock: Clock

  constructor(broker: Broker, clock: Clock) {
    this.#broker = broker
    this.#clock = clock
  }

  /** @returns `not_mutable` where no rule allows changes, or `message_unknown` */
  find(ref: ChannelRef, serial: string): Result<Found> {
    if (!this.#broker.rule(ref).mutableMessages) return fail('not_mutable')
    const known = this.#broker.channel(ref)?.messagesAtHand.get(serial, this.#clock.elapsed())
    const read = known
      ? ok(known)
      : readHistory(() => this.#broker.history(ref).message(ref, serial))
    if (!read.ok) return read
    if (!read.value) return fail('message_unknown')
    const opened = this.#broker.openToPlace(ref)
    return opened.ok ? ok({ channel: opened.value, message: read.value }) : opened
  }

  /** Has a message at hand as it stands now. */
  keepAtHand(channel: AppChannel, message: KeptMessage): void {
    const now = this.#clock.elapsed()
    channel.messagesAtHand.set(message.serial, message, now)
    channel.home.retention.note(channel.messagesAtHand, 0, now)
  }

  /** What could not be kept is not what the next change goes on from. */
  letGoIfLost(
    channel: AppChannel,
    serials: Iterable<string>,
    kept: Promise<void> | undefined,
  ): void {
    kept?.catch(() => {
      for (const serial of serials) {
        channel.messagesAtHand.delete(serial)
        channel.summariesAtHand.delete(serial)
      }
    })
  }
}
