/** What one attachment has yet to be sent before it hears what is live: who is present, and what it missed (RTL4c). */
import { PIECE_COST } from '../../../../core/fair-turns.ts'
import { readHistory } from '../../../../core/history.ts'
import { MODE, has } from '../../../../core/modes.ts'
import type { Frame, PlacedEvent, Publication } from '../../../../core/types.ts'
import { type Attached, type Client, isSilent } from '../session/client.ts'
import { asWhole } from '../../subscription/missed-events.ts'
import { lookingCost } from '../../subscription/filtering.ts'
import { encode } from '../encoding/encode.ts'
import { readingText } from './groups.ts'
import type { SharedFrames } from '../../subscription/shared-frames.ts'
import type { MemberPages } from '../presence/member-pages.ts'

export interface Beginning {
  /** Pages of who is present, to be sent first. */
  readonly members: MemberPages | undefined
  /** Up to the channel's head. */
  readonly missed: Iterable<PlacedEvent>
  /** Where the client was, or where it begins. */
  readonly serial: string
  readonly shared: SharedFrames
}

/** What comes next, which may be nothing at all, and the position at which whoever has got it is. */
interface Piece {
  readonly frame: Frame | undefined
  readonly position: string | undefined
  /** As pieces of work cost. */
  readonly cost: number
}

/** About a hundred events are looked at to tell whether there is anything for this client among them; fewer with a filter. */
const MAX_LOOKING = 100 * PIECE_COST
/** Of a channel's memory, what is taken at once. */
const MAX_TAKEN = 100

/** It is in no group, and takes what comes meanwhile from its channel's memory. */
export class Behind {
  readonly client: Client
  /** The name in frames. */
  readonly channel: string
  readonly attached: Attached
  /** Whether anything was missed that this client reads, as far as that can be told without looking at very much. */
  readonly hasMissed: boolean
  readonly #shared: SharedFrames
  #members: MemberPages | undefined
  #areMembersToldNow: boolean
  /** To be told once everything before them has been. */
  #membersAgain: (() => MemberPages) | undefined
  #last: Publication | undefined
  #sentTo: string
  #takenTo: string
  /** What was found when it was looked whether there is anything. */
  #ahead: Piece | 'gone' | undefined
  /** Who was present then is told by pages. */
  readonly #beganAt: string
  #pieces: Iterator<Piece, undefined>

  constructor(client: Client, channel: string, attached: Attached, beginning: Beginning) {
    const { members, missed, serial, shared } = beginning
    this.client = client
    this.channel = channel
    this.attached = attached
    this.#shared = shared
    this.#sentTo = serial
    this.#beganAt = attached.place.channel.recent.head
    this.#takenTo = this.#beganAt
    this.#members = members
    this.#areMembersToldNow = members !== undefined
    this.#pieces = this.#piecesOf(missed)
    let first = this.#nextPiece()
    let cost = 0
    while (isEmpty(first) && cost < MAX_LOOKING) {
      cost += first.cost
      first = this.#nextPiece()
    }
    this.hasMissed = first !== undefined && first !== 'gone'
    this.#ahead = first
  }

  /** It has been sent everything up to here. */
  get sentTo(): string {
    return this.#sentTo
  }

  /** Whether it has the last publication of its channel, once nothing is left. */
  get hasBase(): boolean {
    return this.#last !== undefined && this.#last === this.attached.place.channel.previous
  }

  /** The client has asked who is present: it is told once more, of the moment when everything else has been sent. */
  tellMembers(pages: () => MemberPages): void {
    this.#membersAgain = pages
  }

  /** @returns undefined when nothing is left; `gone` where the channel does not remember what is, or cannot tell it */
  next(): Piece | 'gone' | undefined {
    for (;;) {
      const page = this.#nextPage()
      if (page) return page
      const piece = this.#ahead ?? this.#nextPiece()
      this.#ahead = undefined
      if (piece === undefined && this.#beginMembersAgain()) continue
      if (piece !== undefined && piece !== 'gone') this.#sentTo = piece.position ?? this.#sentTo
      return piece
    }
  }

  #nextPiece(): Piece | 'gone' | undefined {
    const { channel: home } = this.attached.place
    for (;;) {
      const found = readHistory(() => this.#pieces.next())
      if (!found.ok) return 'gone'
      if (found.value.done !== true) return found.value.value
      // What waits to go out together is part of what it has to get.
      home.flush()
      const events = home.recent.page(this.#takenTo, MAX_TAKEN)
      if (!events) return 'gone'
      this.#takenTo = events.at(-1)?.position ?? home.recent.head
      if (events.length === 0) return undefined
      this.#pieces = this.#piecesOf(events)
    }
  }

  #nextPage(): Piece | undefined {
    if (!this.#areMembersToldNow) return undefined
    // Who may not see presence any more is told no more of it.
    const mayRead = has(this.attached.place.modes, MODE.presenceSubscribe)
    const frame = mayRead ? this.#members?.next() : undefined
    if (frame !== undefined) return { frame, position: undefined, cost: PIECE_COST + frame.length }
    this.#areMembersToldNow = false
    return undefined
  }

  #beginMembersAgain(): boolean {
    const pages = this.#membersAgain
    if (!pages) return false
    this.#membersAgain = undefined
    this.#members = pages()
    this.#areMembersToldNow = true
    return true
  }

  *#piecesOf(events: Iterable<PlacedEvent>): Generator<Piece, undefined> {
    for (const given of events) {
      // As somebody has to get it who has not seen what was before.
      const event = given.kind === 'publication' ? asWhole(given) : given
      lookingCost()
      const frames = this.#isToBeTold(given) ? this.#framesOf(event) : NOTHING
      const looking = lookingCost()
      if (event.kind === 'publication' && frames.length > 0) this.#last = event
      const { position } = event
      if (frames.length === 0) yield { frame: undefined, position, cost: PIECE_COST + looking }
      for (const [index, frame] of frames.entries()) {
        const isLast = index === frames.length - 1
        const cost = PIECE_COST + frame.length + (index === 0 ? looking : 0)
        yield { frame, position: isLast ? position : undefined, cost }
      }
    }
  }

  #isToBeTold(event: PlacedEvent): boolean {
    if (event.kind === 'presence') return event.position > this.#beganAt
    return !this.attached.place.channel.recent.isOutdone(event)
  }

  /** What it may read is asked for each: that can change while it is behind. */
  #framesOf(given: PlacedEvent): readonly Frame[] {
    const { attached, channel, client } = this
    const { name, options, place } = attached
    const isOwn = given.kind === 'publication' && given.connectionId === client.connection.id
    if (isOwn && isSilent(client, options)) return NOTHING
    const event = given.kind === 'presence' && this.#members ? this.#members.unsaid(given) : given
    if (!event) return NOTHING
    const { channel: home, modes } = place
    const last = this.#last
    const reading = { channel, home, name, options, modes }
    const variant = readingText(client, reading, last !== undefined)
    if (variant === undefined) return NOTHING
    const make = () => encode(event, variant, last, home.ref)
    // What differs from the message before is only for those who have that one.
    return options.delta ? make() : this.#shared.of(event, variant, make)
  }
}

const NOTHING: readonly Frame[] = Object.freeze([])

function isEmpty(piece: Piece | 'gone' | undefined): piece is Piece {
  return piece !== undefined && piece !== 'gone' && piece.frame === undefined
}
