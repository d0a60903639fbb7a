/** A channel of an app: it lives as long as somebody is on it, or might come back to it. */
import type { Group } from '../fanout/fanout.ts'
import type { SummaryState } from './annotation-summary.ts'
import type { AppendRollup } from './append-rollup.ts'
import { AtHand } from './at-hand.ts'
import type { Batch } from './batching.ts'
import type { Audience } from './delivery.ts'
import type { Receipt } from './entry.ts'
import type { Linked } from './idle-order.ts'
import { type IdLimits, RecentIds } from './idempotency.ts'
import { Meter } from './meter.ts'
import type { Modes } from './modes.ts'
import { OccupancyCount } from './occupancy.ts'
import { PresenceSet } from './presence-set.ts'
import { RecentEvents } from './recent.ts'
import type { Realm } from './realm.ts'
import type { ChannelRef, KeptMessage, Occupancy, Publication, Socket } from './types.ts'

/** One connection's place on a channel of an app. A connection may have several, under different qualified names. */
export interface AppAttachment {
  readonly channel: AppChannel
  readonly socket: Socket
  readonly connectionId: string
  readonly since: number
  /** It has been sent everything that came after this position, and maybe nothing of what was before. */
  seenFrom: string
  modes: Modes
  groups: readonly Group[]
}

export interface AppChannelLimits extends IdLimits {
  /** Events that somebody can go on from. */
  readonly maxRecentEvents: number
}

export interface NewChannel {
  readonly ref: ChannelRef
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

export class AppChannel implements Audience, ChannelRef, Linked<AppChannel> {
  readonly ref: ChannelRef
  /** Of the app that it belongs to. */
  readonly home: Realm
  readonly since: number
  readonly recent: RecentEvents
  readonly ids: RecentIds<Receipt>
  readonly presence = new PresenceSet()
  /** Of messages that were published. */
  readonly meter = new Meter()
  readonly attachments = new Set<AppAttachment>()
  readonly messagesAtHand = new AtHand<KeptMessage>(MAX_AT_HAND)
  readonly summariesAtHand = new AtHand<SummaryState>(MAX_AT_HAND)
  previous: Publication | undefined
  /** What waits for the end of an interval, where a rule says so. */
  batch: Batch | undefined
  rollup: AppendRollup | undefined
  /** Everybody has been sent everything that came after this position. */
  newcomersSince = ''
  /** When it was last attached to, published on or asked about; by the clock's elapsed time. */
  lastUse: number
  /** Whether it has been forgotten: who wants it has to open it again. */
  isGone = false
  /** Its place among the channels of its app that nobody is on. */
  earlier: AppChannel | undefined
  later: AppChannel | undefined
  isIdle = false
  readonly #occupancy = new OccupancyCount()
  /** By whoever waits, so that one who asks again and again waits once. */
  #afterPublication = new Map<AppAttachment, (publication: Publication) => void>()

  constructor(
    home: Realm,
    { ref, position, since, lastUse }: NewChannel,
    limits: AppChannelLimits,
  ) {
    this.ref = ref
    this.home = home
    this.since = since
    this.lastUse = lastUse
    this.recent = new RecentEvents(position, limits.maxRecentEvents)
    this.ids = new RecentIds(home.retention, limits)
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

  get isInUse(): boolean {
    return this.attachments.size > 0 || this.presence.size > 0
  }

  get occupancy(): Occupancy {
    return this.#occupancy.metrics(this.presence.size)
  }

  /** Gives out now what waits to go out with more. */
  flush(): void {
    this.batch?.flush()
    this.rollup?.flush()
  }

  add(attachment: AppAttachment): void {
    this.attachments.add(attachment)
    this.#note(attachment)
    this.#occupancy.add(attachment.modes)
  }

  /** @returns whether it was there */
  remove(attachment: AppAttachment): boolean {
    if (!this.attachments.delete(attachment)) return false
    this.#afterPublication.delete(attachment)
    this.#occupancy.remove(attachment.modes)
    return true
  }

  changeModes(attachment: AppAttachment, modes: Modes): void {
    this.#occupancy.remove(attachment.modes)
    this.#occupancy.add(modes)
    attachment.modes = modes
  }

  /**
   * To be told when an attachment begins anew.
   * @param seenFrom the position after which it has been sent everything; now, where left out
   */
  restart(attachment: AppAttachment, seenFrom = this.recent.head): void {
    attachment.seenFrom = seenFrom
    this.#note(attachment)
  }

  /** A publication that could not be kept is forgotten, so that its publisher may try again. */
  remember(id: string, receipt: Receipt, now: number): void {
    if (this.isGone) return
    const { serials } = receipt
    const letters = serials.length === 0 ? 0 : serials.length * serials[0]!.length
    this.ids.add(id, receipt, RECEIPT_BYTES + id.length + letters, now)
    receipt.kept?.catch(() => this.ids.remove(id))
  }

  /** Once, right after the next publication has been delivered; the last act that an attachment asked for counts. */
  afterNextPublication(attachment: AppAttachment, act: (publication: Publication) => void): void {
    this.#afterPublication.set(attachment, act)
  }

  /** How many attachments wait for the next publication. */
  get awaiting(): number {
    return this.#afterPublication.size
  }

  delivered(publication: Publication): void {
    this.previous = publication
    if (this.#afterPublication.size === 0) return
    const acts = this.#afterPublication
    this.#afterPublication = new Map()
    for (const act of acts.values()) act(publication)
  }

  #note({ seenFrom }: AppAttachment): void {
    if (seenFrom > this.newcomersSince) this.newcomersSince = seenFrom
  }

  *sockets(): Iterable<Socket> {
    for (const { socket } of this.attachments) yield socket
  }
}
