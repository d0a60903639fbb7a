/** Messages that can be changed and annotated, found as they stand now. */
import { type Result, fail, ok } from '../../failure.ts'
import type { Channel } from '../channel/channel.ts'
import type { Histories } from '../history/histories.ts'
import { readHistory } from '../history/history.ts'
import type { KeptMessage } from '../types.ts'

export class MutableMessages {
  readonly #histories: Histories

  constructor(histories: Histories) {
    this.#histories = histories
  }

  /** @returns `message_unknown` where there is no such message, or why it cannot be read */
  find(channel: Channel, serial: string, moment: number): Result<KeptMessage> {
    const known = channel.messagesAtHand.get(serial, moment)
    if (known) return ok(known)
    const read = readHistory(() => this.#histories.of(channel.ref).message(channel.ref, serial))
    if (!read.ok) return read
    return read.value ? ok(read.value) : fail('message_unknown')
  }

  /** Has a message at hand as it stands now. */
  keepAtHand(channel: Channel, message: KeptMessage, moment: number): void {
    channel.messagesAtHand.set(message.serial, message, moment)
    channel.home.retention.note(channel.messagesAtHand, 0, moment)
  }

  /** What could not be kept is not what the next change goes on from. */
  letGoIfLost(channel: Channel, serials: Iterable<string>, kept: Promise<void> | undefined): void {
    kept?.catch(() => {
      for (const serial of serials) {
        channel.messagesAtHand.delete(serial)
        channel.summariesAtHand.delete(serial)
      }
    })
  }
}
