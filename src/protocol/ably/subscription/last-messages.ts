/** The last messages of a channel for a rewind, without holding all of their contents in memory. */
import type { History } from '../../../core/history/history.ts'
import type { ChannelRef, KeptMessage } from '../../../core/types.ts'

/** How far back a rewind goes at most, in messages (docs, channel options). */
export const MAX_REWIND = 100

export interface Wanted {
  /** How many at most. */
  readonly limit: number
  /** None that is older; milliseconds since the epoch. */
  readonly start: number | undefined
  /** What may be held of them until somebody takes it; what is more is read again then. */
  readonly maxBytes: number
}

export interface LastMessages {
  /** The oldest first. */
  readonly serials: readonly string[]
  /** One of them; undefined where it has been forgotten meanwhile. */
  readonly messages: (serial: string) => KeptMessage | undefined
  /** Whether there are more. */
  readonly isCut: boolean
}

export function lastMessages(history: History, channel: ChannelRef, wanted: Wanted): LastMessages {
  const { limit, maxBytes, start } = wanted
  const page = { direction: 'backwards', limit, start } as const
  const found = history.messages(channel, { ...page, maxBytes })
  const isHeld = found.next === undefined || found.items.length === limit
  if (isHeld) {
    const held = new Map(found.items.map((message) => [message.serial, message]))
    return {
      serials: found.items.map(({ serial }) => serial).toReversed(),
      messages: (serial) => held.get(serial),
      isCut: found.next !== undefined,
    }
  }
  const { items, next } = history.serials(channel, page)
  return {
    serials: items.toReversed(),
    messages: (serial) => history.message(channel, serial),
    isCut: next !== undefined,
  }
}
