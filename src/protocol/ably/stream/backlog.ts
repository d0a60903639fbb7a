/** What a stream begins with: what its client missed, or the last messages there were, in the order in which they came. */
import type { AppChannel } from '../../../core/app-channel.ts'
import type { Broker } from '../../../core/broker.ts'
import type { Slice } from '../../../core/history.ts'
import type { KeptMessage, PlacedEvent, Publication } from '../../../core/types.ts'
import { MAX_REWIND, withoutRepetition } from '../realtime/continuity.ts'
import type { Rewind } from '../wire/attach-params.ts'
import { type Source, missedSince } from './cursor.ts'

/** A channel of a stream, and how its reader reads it. */
export interface Listened extends Source {
  readonly variant: string
  readonly rewind: Rewind | undefined
}

export interface Begun {
  readonly variant: string
  readonly event: PlacedEvent
}

/** More is told over realtime connections or history. */
const MAX_MISSED = 10_000

/** @returns undefined if what came after the cursor cannot be told, or is too much */
export function missed(listened: readonly Listened[], cursor: string): Begun[] | undefined {
  const found = missedSince(listened, cursor)
  if (!found) return undefined
  const begun = listened.flatMap(({ channel, variant }) =>
    withoutRepetition(found.get(channel)!).map((event) => ({ variant, event })),
  )
  return begun.length > MAX_MISSED ? undefined : inOrder(begun)
}

/** @param now milliseconds since the epoch */
export function rewound(listened: readonly Listened[], broker: Broker, now: number): Begun[] {
  return inOrder(
    listened.flatMap(({ channel, variant, rewind }) =>
      rewind ? eventsOf(lastMessages(channel, broker, rewind, now), channel, variant) : [],
    ),
  )
}

function lastMessages(
  { ref }: AppChannel,
  broker: Broker,
  rewind: Rewind,
  now: number,
): Slice<KeptMessage> {
  const page =
    'count' in rewind
      ? { limit: Math.min(rewind.count, MAX_REWIND) }
      : { limit: MAX_REWIND, start: now - rewind.ms }
  return broker.history(ref).messages(ref, { direction: 'backwards', ...page })
}

/** Each by itself: who is cut off in between goes on with the next. */
function eventsOf({ items }: Slice<KeptMessage>, { recent }: AppChannel, variant: string): Begun[] {
  return items.map((message, index): Begun => {
    const event: Publication = {
      kind: 'publication',
      // Whoever has got the newest has got everything that was there.
      position: index === 0 ? recent.head : message.serial,
      id: message.id,
      connectionId: message.connectionId,
      timestamp: message.timestamp,
      messages: [message],
    }
    return { variant, event }
  })
}

function inOrder(begun: readonly Begun[]): Begun[] {
  return begun.toSorted((a, b) => (a.event.position < b.event.position ? -1 : 1))
}
