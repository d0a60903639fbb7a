/** What a stream begins with: what its client missed, or the last messages there were, in the order in which they came. */
import type { Broker } from '../../../core/broker.ts'
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

/** A channel of a stream, and how its reader reads it. */
export interface StreamedChannel extends Source {
  readonly variant: string
  readonly rewind: Rewind | undefined
}

export interface BacklogEntry {
  readonly variant: string
  readonly position: string
  /** Undefined where it has been forgotten meanwhile. */
  readonly event: () => PlacedEvent | undefined
  /** Whether others who missed it have the very same. */
  readonly isShared: boolean
}

/** More is told over realtime connections or history. */
const MAX_MISSED = 10_000
/** Of messages of the past that are held until the reader takes them, on all channels of a stream. */
const MAX_HELD_BYTES = 262_144

/** @returns undefined if what came after the cursor cannot be told, or is too much */
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
  broker: Broker,
  now: number,
): BacklogEntry[] {
  const rewinding = channels.filter(({ rewind }) => rewind)
  const maxBytes = MAX_HELD_BYTES / rewinding.length
  return inOrder(
    rewinding.flatMap(({ channel: { recent, ref }, rewind, variant }) => {
      const isTimed = 'ms' in rewind!
      const { messages, serials } = lastMessages(broker.history(ref), ref, {
        limit: isTimed ? MAX_REWIND : Math.min(rewind!.count, MAX_REWIND),
        start: isTimed ? now - rewind!.ms : undefined,
        maxBytes,
      })
      const { head } = recent
      return serials.map((serial, index): BacklogEntry => {
        // Each by itself: who is cut off in between goes on with the next. The newest stands for all there was.
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
  /** Bytes that may wait to be taken before the rest is held back. */
  readonly roomBytes: number
  /** Everything has been sent, up to now. */
  readonly onCaughtUp: () => void
  /** One of the channels has forgotten what has not been sent yet, or cannot tell it. */
  readonly onForgotten: () => void
  readonly onBug: (error: unknown) => void
}

const NOTHING: readonly Frame[] = Object.freeze([])

/** Sends a stream what came before it, as its client reads, and what comes meanwhile; until then it is in no group. */
export class StreamBacklog implements Work {
  readonly #parts: BacklogParts
  readonly #stream: EventStream
  readonly #channels: readonly StreamedChannel[]
  /** Of each channel: it has been taken up to there. */
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

  /** To be told when the client may have taken something. */
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

  /** What has come since. */
  #more(): number | undefined {
    const entries: BacklogEntry[] = []
    for (const [index, { channel, variant }] of this.#channels.entries()) {
      // What waits to go out together is part of what it has to get.
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
