/** What one attachment has yet to be sent before it gets what is live: who is present, and what it missed (RTL4c). */
import { PIECE_COST } from '../../../../core/time/fair-turns.ts'
import { readHistory } from '../../../../core/history/history.ts'
import { MODE, has } from '../../../../core/modes.ts'
import type { Frame, PlacedEvent, Publication } from '../../../../core/types.ts'
import { type Client, isEchoOff } from '../session/client.ts'
import type { Attached, PendingBacklog } from './attached.ts'
import { asWhole } from '../../subscription/missed-events.ts'
import { takeFilteringCost } from '../../subscription/filtering.ts'
import { encode } from '../encoding/encode.ts'
import { variantFor } from './groups.ts'
import type { SharedFrames } from '../../subscription/shared-frames.ts'
import type { MemberPages } from '../presence/member-pages.ts'

export interface BacklogStart {
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

/** The attachment is in no group, and takes what comes meanwhile from its channel's memory. */
export class Backlog implements PendingBacklog {
  readonly client: Client
  readonly attached: Attached
  /** Whether anything was missed that this client reads, as far as that can be told without looking at very much. */
  readonly hasMissed: boolean
  readonly #shared: SharedFrames
  #members: MemberPages | undefined
  #isSendingMembers: boolean
  /** To be sent once everything before them has been. */
  #membersAgain: (() => MemberPages) | undefined
  #last: Publication | undefined
  #sentTo: string
  #takenTo: string
  /** What was found when it was looked whether there is anything. */
  #ahead: Piece | 'forgotten' | undefined
  /** Who was present then is told by pages. */
  readonly #beganAt: string
  #pieces: Iterator<Piece, undefined>

  constructor(client: Client, attached: Attached, start: BacklogStart) {
    const { members, missed, serial, shared } = start
    this.client = client
    this.attached = attached
    this.#shared = shared
    this.#sentTo = serial
    this.#beganAt = attached.attachment.channel.recent.head
    this.#takenTo = this.#beganAt
    this.#members = members
    this.#isSendingMembers = members !== undefined
    this.#pieces = this.#piecesOf(missed)
    let first = this.#nextPiece()
    let cost = 0
    while (isEmpty(first) && cost < MAX_LOOKING) {
      cost += first.cost
      first = this.#nextPiece()
    }
    this.hasMissed = first !== undefined && first !== 'forgotten'
    this.#ahead = first
  }

  get sentTo(): string {
    return this.#sentTo
  }

  /** Whether the client has the last publication of the channel, once nothing is left. */
  get hasBase(): boolean {
    return this.#last !== undefined && this.#last === this.attached.attachment.channel.previous
  }

  tellMembers(pages: () => MemberPages): void {
    this.#membersAgain = pages
  }

  /** @returns undefined when nothing is left; `forgotten` where the channel does not remember what is, or cannot tell it */
  next(): Piece | 'forgotten' | undefined {
    for (;;) {
      const page = this.#nextPage()
      if (page) return page
      const piece = this.#ahead ?? this.#nextPiece()
      this.#ahead = undefined
      if (piece === undefined && this.#beginMembersAgain()) continue
      if (piece !== undefined && piece !== 'forgotten')
        this.#sentTo = piece.position ?? this.#sentTo
      return piece
    }
  }

  #nextPiece(): Piece | 'forgotten' | undefined {
    const { channel } = this.attached.attachment
    for (;;) {
      const found = readHistory(() => this.#pieces.next())
      if (!found.ok) return 'forgotten'
      if (found.value.done !== true) return found.value.value
      // What waits to go out together is part of what it has to get.
      channel.flush()
      const events = channel.recent.page(this.#takenTo, MAX_TAKEN)
      if (!events) return 'forgotten'
      this.#takenTo = events.at(-1)?.position ?? channel.recent.head
      if (events.length === 0) return undefined
      this.#pieces = this.#piecesOf(events)
    }
  }

  #nextPage(): Piece | undefined {
    if (!this.#isSendingMembers) return undefined
    // Who may not see presence any more is told no more of it.
    const mayRead = has(this.attached.attachment.modes, MODE.presenceSubscribe)
    const frame = mayRead ? this.#members?.next() : undefined
    if (frame !== undefined) return { frame, position: undefined, cost: PIECE_COST + frame.length }
    this.#isSendingMembers = false
    return undefined
  }

  #beginMembersAgain(): boolean {
    const pages = this.#membersAgain
    if (!pages) return false
    this.#membersAgain = undefined
    this.#members = pages()
    this.#isSendingMembers = true
    return true
  }

  *#piecesOf(events: Iterable<PlacedEvent>): Generator<Piece, undefined> {
    for (const given of events) {
      // As somebody has to get it who has not seen what was before.
      const event = given.kind === 'publication' ? asWhole(given) : given
      takeFilteringCost()
      const frames = this.#isToBeTold(given) ? this.#framesOf(event) : NOTHING
      const looking = takeFilteringCost()
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
    return !this.attached.attachment.channel.recent.isOutdone(event)
  }

  /** What it may read is asked for each event: that can change before everything has been sent. */
  #framesOf(given: PlacedEvent): readonly Frame[] {
    const { attached, client } = this
    const { attachment, name, options, text } = attached
    const isOwn = given.kind === 'publication' && given.connectionId === client.connection.id
    if (isOwn && isEchoOff(client, options)) return NOTHING
    const event = given.kind === 'presence' && this.#members ? this.#members.unsent(given) : given
    if (!event) return NOTHING
    const { channel, modes } = attachment
    const last = this.#last
    const subscription = { channel, text, name, options, modes, hasBase: last !== undefined }
    const variant = variantFor(client.format, subscription)
    if (variant === undefined) return NOTHING
    const make = () => encode(event, variant, last, channel.ref)
    // What differs from the message before is only for those who have that one.
    return options.delta ? make() : this.#shared.of(event, variant, make)
  }
}

const NOTHING: readonly Frame[] = Object.freeze([])

function isEmpty(piece: Piece | 'forgotten' | undefined): piece is Piece {
  return piece !== undefined && piece !== 'forgotten' && piece.frame === undefined
}
