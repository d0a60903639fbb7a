/** What one attachment has yet to be sent before it hears what is live: who is present, and what it missed (RTL4c). */
import type { Frame, PlacedEvent, Publication } from '../../../core/types.ts'
import { type Attached, type Client, isSilent } from './client.ts'
import { withoutRepetition } from './continuity.ts'
import { encode } from './encode.ts'
import { readingText } from './reading.ts'

export interface Beginning {
  /** Pages of who is present, to be sent first. */
  readonly members: readonly Frame[]
  /** Up to the channel's head, as somebody has to get it who has not seen what was before. */
  readonly missed: readonly PlacedEvent[]
  /** Where the client was, or where it begins. */
  readonly serial: string
}

/** A frame, and the position at which whoever has got it is. */
interface Piece {
  readonly frame: Frame
  readonly position: string | undefined
}

/** It is in no group, and takes what comes meanwhile from its channel's memory. */
export class Behind {
  readonly client: Client
  /** The name in frames. */
  readonly channel: string
  readonly attached: Attached
  /** Whether anything was missed that this client reads. */
  readonly hasMissed: boolean
  #last: Publication | undefined
  #sentTo: string
  #takenTo: string
  #pieces: Iterator<Piece>

  constructor(client: Client, channel: string, attached: Attached, beginning: Beginning) {
    const { members, missed, serial } = beginning
    this.client = client
    this.channel = channel
    this.attached = attached
    this.#sentTo = serial
    this.#takenTo = attached.place.channel.recent.head
    const pieces = this.#piecesOf(missed)
    const first = pieces.next()
    this.hasMissed = first.done !== true
    const begin = members.map((frame): Piece => ({ frame, position: undefined }))
    this.#pieces = chained(first.done === true ? begin : [...begin, first.value], pieces)
  }

  /** It has been sent everything up to here. */
  get sentTo(): string {
    return this.#sentTo
  }

  /** Whether it has the last publication of its channel, once nothing is left. */
  get hasBase(): boolean {
    return this.#last !== undefined && this.#last === this.attached.place.channel.previous
  }

  /** @returns undefined when nothing is left; `gone` where the channel does not remember what is */
  next(): Frame | 'gone' | undefined {
    for (;;) {
      const { value: piece, done } = this.#pieces.next()
      if (done !== true) {
        this.#sentTo = piece.position ?? this.#sentTo
        return piece.frame
      }
      const { channel: home } = this.attached.place
      // What waits to go out together is part of what it has to get.
      home.flush()
      const events = home.recent.after(this.#takenTo)
      if (!events) return 'gone'
      if (events.length === 0) return undefined
      this.#takenTo = home.recent.head
      this.#pieces = this.#piecesOf(withoutRepetition(events))
    }
  }

  *#piecesOf(events: readonly PlacedEvent[]): Generator<Piece, undefined> {
    for (const event of events) {
      const frames = this.#framesOf(event)
      if (event.kind === 'publication' && frames.length > 0) this.#last = event
      const { position } = event
      for (const [index, frame] of frames.entries())
        yield { frame, position: index === frames.length - 1 ? position : undefined }
    }
  }

  /** What it may read is asked for each: that can change while it is behind. */
  #framesOf(event: PlacedEvent): readonly Frame[] {
    const { attached, channel, client } = this
    const { name, options, place } = attached
    const isOwn = event.kind === 'publication' && event.connectionId === client.connection.id
    if (isOwn && isSilent(client, options)) return NOTHING
    const { channel: home, modes } = place
    const last = this.#last
    const reading = { channel, home, name, options, modes }
    const variant = readingText(client, reading, last !== undefined)
    return variant === undefined ? NOTHING : encode(event, variant, last, home.ref)
  }
}

const NOTHING: readonly Frame[] = Object.freeze([])

function* chained<T>(first: Iterable<T>, rest: Iterable<T>): Generator<T, undefined> {
  yield* first
  yield* rest
}
