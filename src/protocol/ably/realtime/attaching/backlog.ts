/** The backlog of one attachment: the presence set, then the events that it missed, then live events (RTL4c). */
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
  /** Pages of the presence set, which are sent first. */
  readonly members: MemberPages | undefined
  /** Events up to the head of the channel. */
  readonly missed: Iterable<PlacedEvent>
  /** The position from which the client resumes or starts. */
  readonly serial: string
  readonly shared: SharedFrames
}

/** One step of a backlog: a frame, or nothing for an event that is skipped, and the position reached by it. */
interface Piece {
  readonly frame: Frame | undefined
  readonly position: string | undefined
  /** In the unit of `FairTurns`. */
  readonly cost: number
}

/** Work to tell whether the client missed anything: about a hundred events, fewer with a filter. */
const MAX_LOOKING = 100 * PIECE_COST
/** Events that are taken from the memory of the channel at once. */
const MAX_TAKEN = 100

/** The attachment is in no group meanwhile: later events are taken from the memory of the channel. */
export class Backlog implements PendingBacklog {
  readonly client: Client
  readonly attached: Attached
  /** Whether the client missed anything that it subscribes to, as far as a bounded look can tell. */
  readonly hasMissed: boolean
  readonly #shared: SharedFrames
  #members: MemberPages | undefined
  #isSendingMembers: boolean
  /** Another SYNC that the client has asked for. */
  #membersAgain: (() => MemberPages) | undefined
  #last: Publication | undefined
  #sentTo: string
  #takenTo: string
  /** The first step, which was computed ahead to tell whether there is anything. */
  #ahead: Piece | 'forgotten' | undefined
  /** The head of the channel at the start: presence up to it is in the pages. */
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

  /** Whether the client has the last publication of the channel once the backlog is empty. */
  get hasBase(): boolean {
    return this.#last !== undefined && this.#last === this.attached.attachment.channel.previous
  }

  tellMembers(pages: () => MemberPages): void {
    this.#membersAgain = pages
  }

  /** @returns undefined when nothing is left; `forgotten` if the channel no longer has what is, or cannot read it */
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
      // A pending batch is delivered first, so that its messages are in the memory of the channel.
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
    // The presence-subscribe mode may have been revoked since the first page.
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
      // Whole messages, because the client may lack what was appended to.
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

  /** The modes are read for each event, because they can change while the backlog is being sent. */
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
    // Deltas depend on what this client got before, so their frames are not shared.
    return options.delta ? make() : this.#shared.of(event, variant, make)
  }
}

const NOTHING: readonly Frame[] = Object.freeze([])

function isEmpty(piece: Piece | 'forgotten' | undefined): piece is Piece {
  return piece !== undefined && piece !== 'forgotten' && piece.frame === undefined
}
