/**
 * Where a stream is: text that stands for everything up to a position, on whichever channels it has; or, in the
 * middle of what was published together, up to one of its messages.
 */
import type { Channel } from '../../../core/channel/channel.ts'
import { before, isPosition, positionOf } from '../../../core/channel/position.ts'
import type { KeptMessage, PlacedEvent, Publication } from '../../../core/types.ts'

/** @returns undefined for a message after which nobody can resume: a summary has no serial of its own */
export function cursorAt(
  { position, messages }: Publication,
  { action, version }: KeptMessage,
  index: number,
): string | undefined {
  if (index === messages.length - 1) return position
  return action === 'summary' ? undefined : version.serial
}

/** A channel, and the milliseconds by which batching may delay its messages. */
export interface Source {
  readonly channel: Channel
  readonly waitMs: number
}

/**
 * What came on some channels after a cursor, by channel. Where readers have to wait, another channel may have
 * moved the cursor on meanwhile; what may have waited then is told again.
 * @returns undefined if that cannot be told any more, or the cursor is not of these channels
 */
export function missedSince(
  sources: readonly Source[],
  cursor: string,
): ReadonlyMap<Channel, readonly PlacedEvent[]> | undefined {
  const position = positionOf(cursor)
  // A cursor ahead of all channels is of another server, or made up.
  if (!isPosition(position) || sources.every(({ channel }) => channel.recent.head < position))
    return undefined
  const missed = new Map<Channel, readonly PlacedEvent[]>()
  for (const source of sources) {
    const isAlone = sources.length === 1 || source.waitMs === 0
    const from = isAlone ? position : before(position, source.waitMs)
    const events = missedOn(source.channel, cursor, position, from)
    if (!events) return undefined
    missed.set(source.channel, events)
  }
  return missed
}

function missedOn(
  { recent }: Channel,
  cursor: string,
  position: string,
  from: string,
): readonly PlacedEvent[] | undefined {
  const isWhole = cursor === position
  const isToldAgain = from < position
  // The event at the floor itself is no longer in memory, and so is the rest of it.
  if (position < recent.floor || (position === recent.floor && !isWhole)) return undefined
  const events: PlacedEvent[] = []
  for (const event of recent.from(from)) {
    if (event.position > position || (isToldAgain && event.position > from)) events.push(event)
    else if (event.position === position && !isWhole) events.push(...restOf(event, cursor))
  }
  return events
}

function restOf(event: PlacedEvent, cursor: string): PlacedEvent[] {
  if (event.kind !== 'publication') return []
  const messages = event.messages.filter(({ version }) => version.serial > cursor)
  return messages.length === 0 ? [] : [{ ...event, messages }]
}
