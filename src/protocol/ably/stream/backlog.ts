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
import { lookingCost } from '../subscription/filtering.ts'
import { encodeForStreams } from './encode.ts'
import type { EventStream } from './event-stream.ts'

/** A channel of a stream, and how its reader reads it. */
export interface Listened extends Source {
  readonly variant: string
  readonly rewind: Rewind | undefined
}

export interface Begun {
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
export function missed(listened: readonly Listened[], cursor: string): Begun[] | undefined {
  const found = missedSince(listened, cursor)
  if (!found) return undefined
  const begun = listened.flatMap(({ channel, variant }) => begunOf(found.get(channel)!, variant))
  return begun.length > MAX_MISSED ? undefined : inOrder(begun)
}

/** @param now milliseconds since the epoch */
export function rewound(listened: readonly Listened[], broker: Broker, now: number): Begun[] {
  const rewinding = listened.filter(({ rewind }) => rewind)
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
      return serials.map((serial, index): Begun => {
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

function begunOf(events: readonly PlacedEvent[], variant: string): Begun[] {
  return withoutRepetition(events).map((event) => ({
    variant,
    position: event.position,
    event: () => event,
    isShared: true,
  }))
}

function inOrder(begun: readonly Begun[]): Begun[] {
  return begun.toSorted((a, b) => (a.position < b.position ? -1 : 1))
}

export interface BacklogParts {
  readonly turns: FairTurns
  readonly shared: SharedFrames
  /** Bytes that may wait to be taken before the rest is held back. */
  readonly roomBytes: number
  /** Everything has been sent, up to now. */
  readonly onLevel: () => void
  /** One of the channels has forgotten what has not been sent yet, or cannot tell it. */
  readonly onGone: () => void
  readonly onBug: (error: unknown) => void
}

const NOTHING: readonly Frame[] = Object.freeze([])

/** Sends a stream what came before it, as its client reads, and what comes meanwhile; until then it is in no group. */
export class Backlog implements Work {
  readonly #parts: BacklogParts
  readonly #stream: EventStream
  readonly #listened: readonly Listened[]
  /** Of each channel: it has been taken up to there. */
  readonly #takenTo: string[]
  #begun: readonly Begun[]
  #next = 0
  #isOver = false

  constructor(
    parts: BacklogParts,
    stream: EventStream,
    listened: readonly Listened[],
    begun: readonly Begun[],
  ) {
    this.#parts = parts
    this.#stream = stream
    this.#listened = listened
    this.#begun = begun
    this.#takenTo = listened.map(({ channel }) => channel.recent.head)
  }

  /** To be told when the client may have taken something. */
  goOn(): void {
    this.#parts.turns.enlist(this)
  }

  step(): number | undefined {
    if (this.#isOver || this.#stream.isOver) return undefined
    if (this.#stream.waitingBytes >= this.#parts.roomBytes) return undefined
    const next = this.#begun[this.#next++]
    if (!next) return this.#more()
    lookingCost()
    const frames = readHistory(() => this.#framesOf(next))
    if (!frames.ok) return this.#end(this.#parts.onGone)
    let cost = PIECE_COST + lookingCost()
    for (const frame of frames.value) {
      this.#stream.fill(frame)
      cost += frame.length
    }
    return cost
  }

  #framesOf({ event, isShared, variant }: Begun): readonly Frame[] {
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
    const begun: Begun[] = []
    for (const [index, { channel, variant }] of this.#listened.entries()) {
      // What waits to go out together is part of what it has to get.
      channel.flush()
      const events = channel.recent.after(this.#takenTo[index]!)
      if (!events) return this.#end(this.#parts.onGone)
      this.#takenTo[index] = channel.recent.head
      begun.push(...begunOf(events, variant))
    }
    if (begun.length === 0) return this.#end(this.#parts.onLevel)
    this.#begun = inOrder(begun)
    this.#next = 0
    return 0
  }

  #end(act: () => void): undefined {
    this.#begun = []
    this.#isOver = true
    act()
    return undefined
  }
}
