/** What a stream starts with: events that its client missed, or rewound messages, in order. */
import type { Histories } from '../../../core/history/histories.ts'
import { type FairTurns, PIECE_COST, type Work } from '../../../core/time/fair-turns.ts'
import { readHistory } from '../../../core/history/history.ts'
import type { Frame, PlacedEvent } from '../../../core/types.ts'
import { MAX_REWIND, lastMessages } from '../subscription/last-messages.ts'
import { withoutRepetition } from '../subscription/missed-events.ts'
import type { SharedFrames } from '../subscription/shared-frames.ts'
import type { Rewind } from '../wire/attach-params.ts'
import { type Source, missedSince } from './cursor.ts'
import { takeFilteringCost } from '../subscription/filtering.ts'
import { encodeForStreams } from './encode.ts'
import type { EventStream } from './event-stream.ts'

/** A channel of a stream, and how the stream gets it. */
export interface StreamedChannel extends Source {
  readonly variant: string
  readonly rewind: Rewind | undefined
}

export interface BacklogEntry {
  readonly variant: string
  readonly position: string
  /** Undefined if it is no longer stored. */
  readonly event: () => PlacedEvent | undefined
  /** Whether the event is shared with other streams that missed it, so that its frame can be cached. */
  readonly isShared: boolean
}

/** Events that a stream may have missed; more can be read over a realtime connection or history. */
const MAX_MISSED = 10_000
/** Bytes of rewound messages that a stream holds in memory, for all of its channels. */
const MAX_HELD_BYTES = 262_144

/** @returns undefined if events after the cursor are no longer in memory, or are too many */
export function missed(
  channels: readonly StreamedChannel[],
  cursor: string,
): BacklogEntry[] | undefined {
  const found = missedSince(channels, cursor)
  if (!found) return undefined
  const entries = channels.flatMap(({ channel, variant }) =>
    entriesOf(found.get(channel)!, variant),
  )
  return entries.length > MAX_MISSED ? undefined : inOrder(entries)
}

/** @param now milliseconds since the epoch */
export function rewound(
  channels: readonly StreamedChannel[],
  histories: Histories,
  now: number,
): BacklogEntry[] {
  const rewinding = channels.filter(({ rewind }) => rewind)
  const maxBytes = MAX_HELD_BYTES / rewinding.length
  return inOrder(
    rewinding.flatMap(({ channel: { recent, ref }, rewind, variant }) => {
      const isTimed = 'ms' in rewind!
      const { messages, serials } = lastMessages(histories.of(ref), ref, {
        limit: isTimed ? MAX_REWIND : Math.min(rewind!.count, MAX_REWIND),
        start: isTimed ? now - rewind!.ms : undefined,
        maxBytes,
      })
      const { head } = recent
      return serials.map((serial, index): BacklogEntry => {
        // One position each, so that a client that is cut off resumes with the next; the newest gets the head.
        const position = index === serials.length - 1 ? head : serial
        const event = () => publicationOf(messages(serial), position)
        return { variant, position, event, isShared: false }
      })
    }),
  )
}

function publicationOf(
  message: ReturnType<ReturnType<typeof lastMessages>['messages']>,
  position: string,
): PlacedEvent | undefined {
  if (!message) return undefined
  const { connectionId, id, timestamp } = message
  return { kind: 'publication', position, id, connectionId, timestamp, messages: [message] }
}

function entriesOf(events: readonly PlacedEvent[], variant: string): BacklogEntry[] {
  return withoutRepetition(events).map((event) => ({
    variant,
    position: event.position,
    event: () => event,
    isShared: true,
  }))
}

function inOrder(entries: readonly BacklogEntry[]): BacklogEntry[] {
  return entries.toSorted((a, b) => (a.position < b.position ? -1 : 1))
}

export interface BacklogParts {
  readonly turns: FairTurns
  readonly shared: SharedFrames
  /** Bytes that may be queued before the rest is held back. */
  readonly roomBytes: number
  /** Called when the whole backlog has been sent. */
  readonly onCaughtUp: () => void
  /** Called when a channel no longer has what remains to be sent, or cannot read it. */
  readonly onForgotten: () => void
  readonly onBug: (error: unknown) => void
}

const NOTHING: readonly Frame[] = Object.freeze([])

/** Sends a stream its backlog as the client reads. Until it is done, the stream is in no group. */
export class StreamBacklog implements Work {
  readonly #parts: BacklogParts
  readonly #stream: EventStream
  readonly #channels: readonly StreamedChannel[]
  /** By channel, the position up to which its events have been taken. */
  readonly #takenTo: string[]
  #entries: readonly BacklogEntry[]
  #next = 0
  #isOver = false

  constructor(
    parts: BacklogParts,
    stream: EventStream,
    channels: readonly StreamedChannel[],
    entries: readonly BacklogEntry[],
  ) {
    this.#parts = parts
    this.#stream = stream
    this.#channels = channels
    this.#entries = entries
    this.#takenTo = channels.map(({ channel }) => channel.recent.head)
  }

  /** To be called when the client may have read something. */
  goOn(): void {
    this.#parts.turns.enlist(this)
  }

  step(): number | undefined {
    if (this.#isOver || this.#stream.isOver) return undefined
    if (this.#stream.waitingBytes >= this.#parts.roomBytes) return undefined
    const next = this.#entries[this.#next++]
    if (!next) return this.#more()
    takeFilteringCost()
    const frames = readHistory(() => this.#framesOf(next))
    if (!frames.ok) return this.#end(this.#parts.onForgotten)
    let cost = PIECE_COST + takeFilteringCost()
    for (const frame of frames.value) {
      this.#stream.fill(frame)
      cost += frame.length
    }
    return cost
  }

  #framesOf({ event, isShared, variant }: BacklogEntry): readonly Frame[] {
    const found = event()
    if (!found) return NOTHING
    const make = () => encodeForStreams(found, variant)
    return isShared ? this.#parts.shared.of(found, variant, make) : make()
  }

  failed(error: unknown): void {
    this.#parts.onBug(error)
    this.#stream.close(0, 'internal')
  }

  /** Takes the events that have come since. */
  #more(): number | undefined {
    const entries: BacklogEntry[] = []
    for (const [index, { channel, variant }] of this.#channels.entries()) {
      // A pending batch is delivered first, so that its messages are in the memory of the channel.
      channel.flush()
      const events = channel.recent.after(this.#takenTo[index]!)
      if (!events) return this.#end(this.#parts.onForgotten)
      this.#takenTo[index] = channel.recent.head
      entries.push(...entriesOf(events, variant))
    }
    if (entries.length === 0) return this.#end(this.#parts.onCaughtUp)
    this.#entries = inOrder(entries)
    this.#next = 0
    return 0
  }

  #end(act: () => void): undefined {
    this.#entries = []
    this.#isOver = true
    act()
    return undefined
  }
}
