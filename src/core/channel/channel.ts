/**
 * A channel: the only state there is of what happens on it. All channels are of one kind; what one never needs is never
 * made, so that a channel of the commons, which keeps nothing but who is on it, costs little.
 */
import type { Group } from '../../fanout/fanout.ts'
import { type Keys, NO_KEYS } from '../../policy/channel-keys.ts'
import type { SummaryState } from './annotation-summary.ts'
import type { AppendRollup } from '../delivery/append-rollup.ts'
import { AtHand } from './at-hand.ts'
import type { Batch } from '../delivery/batching.ts'
import type { Audience } from '../delivery/delivery.ts'
import type { Receipt } from './receipt.ts'
import type { Linked } from '../registry/idle-order.ts'
import { type IdLimits, RecentIds } from './recent-ids.ts'
import { Meter } from './meter.ts'
import type { Modes } from '../modes.ts'
import type { ChannelObjects } from '../objects/channel-objects.ts'
import { NOBODY, OccupancyCount } from './occupancy.ts'
import type { PoolShare } from '../registry/pool.ts'
import { PresenceSet } from './presence-set.ts'
import { SmallMap } from './small-map.ts'
import { RecentEvents } from './recent-events.ts'
import type { RetentionQueue } from '../history/retention.ts'
import type { ChannelRef, KeptMessage, Member, Occupancy, Publication, Socket } from '../types.ts'

/** The channels that a channel is among, as far as it has to do with them itself. */
export interface Home {
  /** Of the app; the commons have one that nothing is ever noted with. */
  readonly retention: RetentionQueue
  /** What all channels of an app count towards. */
  readonly share: PoolShare
  /** The channel is needed now, be somebody on it or not. */
  touch(channel: Channel, now: number): void
  /** Somebody has come to the channel, or gone: its two minutes begin anew. */
  use(channel: Channel, now: number): void
  /** Somebody may have come to the channel, or gone from it. */
  settle(channel: Channel): void
}

/** A member of the commons as every node knows it; its socket is here or on another node. */
export interface Joined {
  readonly member: Member
  readonly socket?: Socket
}

/** One connection's place on a channel of an app. A connection may have several, under different qualified names. */
export interface Attachment {
  readonly channel: Channel
  readonly socket: Socket
  readonly connectionId: string
  readonly since: number
  /** It has been sent everything that came after this position, and maybe nothing of what was before. */
  seenFrom: string
  modes: Modes
  groups: readonly Group[]
}

export interface ChannelLimits extends IdLimits {
  /** Events that somebody can go on from. */
  readonly maxRecentEvents: number
}

export interface NewChannel {
  readonly ref: ChannelRef
  /** What it counts towards. */
  readonly share: PoolShare
  /** Where its memory begins. */
  readonly position: string
  /** The date. */
  readonly since: number
  /** By the clock's elapsed time. */
  readonly lastUse: number
}

/** What a receipt costs beside its id and serials, roughly. */
const RECEIPT_BYTES = 200
/** What was worked on lately is worked on again: tokens are appended to the same message by the hundred. */
const MAX_AT_HAND = 64
const NOBODY_JOINED: readonly (readonly [string, Joined])[] = []
const NO_ATTACHMENTS: ReadonlySet<Attachment> = new Set()

export class Channel implements Audience, ChannelRef, Linked<Channel> {
  readonly ref: ChannelRef
  /** Of the app that it belongs to, or of the commons. */
  readonly home: Home
  readonly since: number
  /** What it counts towards, with everybody on it. */
  share: PoolShare
  /** Members of the commons, by connection id in the order of joining. */
  joined: SmallMap<Joined> | undefined
  /** The first joiner's keys; they live as long as there are members (AC-15). */
  ephemeral: Keys = NO_KEYS
  previous: Publication | undefined
  /** What waits for the end of an interval, where a rule says so. */
  batch: Batch | undefined
  rollup: AppendRollup | undefined
  /** Its live objects, once anybody has asked for them. */
  objects: ChannelObjects | undefined
  /** Everybody has been sent everything that came after this position. */
  newcomersSince = ''
  /** When it was last attached to, published on or asked about; by the clock's elapsed time. */
  lastUse: number
  /** Entries of which this node does not know yet what became of them. */
  proposals = 0
  /** Whether it has been forgotten: who wants it has to open it again. */
  isGone = false
  /** Its place among the channels of its app that nobody is on. */
  earlier: Channel | undefined
  later: Channel | undefined
  isIdle = false
  readonly #limits: ChannelLimits
  readonly #position: string
  #meter: Meter | undefined
  #recent: RecentEvents | undefined
  #ids: RecentIds<Receipt> | undefined
  #presence: PresenceSet | undefined
  #messagesAtHand: AtHand<KeptMessage> | undefined
  #summariesAtHand: AtHand<SummaryState> | undefined
  #attachments: Set<Attachment> | undefined
  #occupancy: OccupancyCount | undefined
  /** By whoever waits, so that one who asks again and again waits once. */
  #afterPublication: Map<Attachment, (publication: Publication) => void> | undefined

  constructor(home: Home, made: NewChannel, limits: ChannelLimits) {
    this.ref = made.ref
    this.home = home
    this.share = made.share
    this.since = made.since
    this.lastUse = made.lastUse
    this.#position = made.position
    this.#limits = limits
  }

  get realm(): string {
    return this.ref.realm
  }

  get name(): string {
    return this.ref.name
  }

  get key(): string {
    return this.ref.key
  }

  /** Of messages that were published. */
  get meter(): Meter {
    return (this.#meter ??= new Meter())
  }

  get recent(): RecentEvents {
    return (this.#recent ??= new RecentEvents(this.#position, this.#limits.maxRecentEvents))
  }

  get ids(): RecentIds<Receipt> {
    return (this.#ids ??= new RecentIds(this.home.retention, this.#limits))
  }

  get presence(): PresenceSet {
    return (this.#presence ??= new PresenceSet())
  }

  get messagesAtHand(): AtHand<KeptMessage> {
    return (this.#messagesAtHand ??= new AtHand(MAX_AT_HAND))
  }

  get summariesAtHand(): AtHand<SummaryState> {
    return (this.#summariesAtHand ??= new AtHand(MAX_AT_HAND))
  }

  get attachments(): ReadonlySet<Attachment> {
    return this.#attachments ?? NO_ATTACHMENTS
  }

  /** How many are present, without making a set for nobody. */
  get presenceSize(): number {
    return this.#presence?.size ?? 0
  }

  get joinedSize(): number {
    return this.joined?.size ?? 0
  }

  /** Connections on it, of both kinds; members of the commons on a channel of an app are attached too. */
  get readers(): number {
    return this.#attachments?.size ?? this.joinedSize
  }

  get isInUse(): boolean {
    return (
      this.attachments.size > 0 ||
      this.joinedSize > 0 ||
      this.presenceSize > 0 ||
      this.proposals > 0
    )
  }

  get occupancy(): Occupancy {
    if (!this.#occupancy && this.presenceSize === 0) return NOBODY
    return (this.#occupancy ??= new OccupancyCount()).metrics(this.presenceSize)
  }

  /** Gives out now what waits to go out with more. */
  flush(): void {
    this.batch?.flush()
    this.rollup?.flush()
  }

  join(joined: Joined): void {
    ;(this.joined ??= new SmallMap()).set(joined.member.connectionId, joined)
  }

  unjoin(connectionId: string): void {
    this.joined?.delete(connectionId)
    if (this.joined?.size === 0) this.joined = undefined
  }

  attach(attachment: Attachment): void {
    ;(this.#attachments ??= new Set()).add(attachment)
    this.#note(attachment)
    ;(this.#occupancy ??= new OccupancyCount()).add(attachment.modes)
  }

  /** @returns whether it was there */
  detach(attachment: Attachment): boolean {
    if (!this.#attachments?.delete(attachment)) return false
    this.#afterPublication?.delete(attachment)
    this.#occupancy?.remove(attachment.modes)
    return true
  }

  changeModes(attachment: Attachment, modes: Modes): void {
    this.#occupancy?.remove(attachment.modes)
    this.#occupancy?.add(modes)
    attachment.modes = modes
  }

  /**
   * Starts an attachment anew: it has been sent everything up to a position.
   * @param seenFrom the position after which it has been sent everything; now, where left out
   */
  restart(attachment: Attachment, seenFrom = this.recent.head): void {
    attachment.seenFrom = seenFrom
    this.#note(attachment)
  }

  /** A publication that could not be kept is forgotten, so that its publisher may try again. */
  remember(id: string, receipt: Receipt, moment: number): void {
    if (this.isGone) return
    const { serials } = receipt
    const letters = serials.length === 0 ? 0 : serials.length * serials[0]!.length
    this.ids.add(id, receipt, RECEIPT_BYTES + id.length + letters, moment)
    receipt.kept?.catch(() => this.ids.remove(id))
  }

  /** Once, right after the next publication has been delivered; the last act that an attachment asked for counts. */
  afterNextPublication(attachment: Attachment, act: (publication: Publication) => void): void {
    ;(this.#afterPublication ??= new Map()).set(attachment, act)
  }

  /** How many attachments wait for the next publication. */
  get awaiting(): number {
    return this.#afterPublication?.size ?? 0
  }

  delivered(publication: Publication): void {
    this.previous = publication
    if (!this.#afterPublication) return
    const acts = this.#afterPublication
    this.#afterPublication = undefined
    for (const act of acts.values()) act(publication)
  }

  /** Lets go of all that it remembers: it is being forgotten. */
  clear(): void {
    this.isGone = true
    this.flush()
    this.#recent?.clear()
    this.#ids?.clear()
  }

  *sockets(): Iterable<Socket> {
    for (const { socket } of this.attachments) yield socket
    if (this.#attachments) return
    for (const [, { socket }] of this.joined ?? NOBODY_JOINED) if (socket) yield socket
  }

  #note({ seenFrom }: Attachment): void {
    if (seenFrom > this.newcomersSince) this.newcomersSince = seenFrom
  }
}
