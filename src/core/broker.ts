/**
 * The broker: all channels of this node, who is attached to them, and what they remember. Whoever proposes something
 * does so on the channels that it opens. Who may do what has been decided before it is asked.
 */
import { type FailureName, type Result, fail, ok } from '../failure.ts'
import type { Group } from '../fanout/fanout.ts'
import type { ChannelRuleSettings } from '../policy/channel-rule.ts'
import { type Attachment, Channel, type ChannelLimits } from './channel/channel.ts'
import type { Receipt } from './channel/entry.ts'
import type { Soon } from './soon.ts'
import { waitOf } from './delivery/batching.ts'
import type { Engine } from '../engine/engine.ts'
import type { HistoryEntry, History } from './history/history.ts'
import type { Modes } from './modes.ts'
import { Placement, type PlacementParts } from './apply/placement.ts'
import type { Owners } from './owners.ts'
import type { Pool, PoolShare } from './registry/pool.ts'
import type { PositionSource } from './channel/position.ts'
import { Realm } from './registry/realm.ts'
import type { RetentionBudget } from './history/retention.ts'
import {
  COMMONS,
  type ChannelRef,
  type Event,
  type Format,
  type KeptMessage,
  type PlacedEvent,
  type PresenceChange,
  type Socket,
} from './types.ts'

export interface BrokerParts extends Omit<PlacementParts, 'watchers'> {
  readonly engine: Engine
  readonly positions: PositionSource
  /** Of what channels keep for clients that come back. */
  readonly retention: RetentionBudget
  /** Of which every channel is one, those of the commons too. */
  readonly pool: Pool
  readonly owners: Owners
  readonly limits: ChannelLimits & { readonly keepMs: number }
}

/** Who wants to know what becomes of channels. */
export interface ChannelWatcher {
  opened?(channel: Channel): void
  closed?(channel: Channel): void
  /** An event is put on disk, because a rule says so. */
  kept?(channel: Channel, event: PlacedEvent): void
  /** Messages were published that might be for devices too, on a channel whose rule permits that. */
  pushed?(channel: Channel, messages: readonly KeptMessage[]): void
  /** Presence changed, and everybody has been told. */
  presenceChanged?(channel: Channel, event: PresenceChange): void
  /** Somebody came, went or changed on a channel. */
  occupied?(channel: Channel): void
}

/** Somebody who attaches. */
export interface Newcomer {
  readonly socket: Socket
  readonly connectionId: string
  readonly modes: Modes
  /** What it reads: a group is joined for each. */
  readonly formats: readonly Format[]
  /** The position after which it has been sent everything; now, where left out. */
  readonly seenFrom?: string | undefined
}

/** Why there is no room for another channel: on the whole server, or for the app. */
export type Crowding = Extract<FailureName, 'too_many_channels' | 'app_channels'>

const NO_CHANNELS: ReadonlyMap<string, Channel> = new Map()

export class Broker {
  readonly #parts: BrokerParts
  readonly #realms = new Map<string, Realm>()
  readonly #watchers: ChannelWatcher[] = []
  /** Channels that another node may know, while their state is asked for. */
  readonly #opening = new Map<string, Promise<Result<Channel>>>()
  readonly placement: Placement
  /** Channels of apps on which members of the commons are. */
  readonly #linked = new Set<Channel>()
  #size = 0

  constructor(parts: BrokerParts) {
    this.#parts = parts
    this.placement = new Placement({ ...parts, watchers: this.#watchers })
  }

  watch(watcher: ChannelWatcher): void {
    this.#watchers.push(watcher)
  }

  /** How many channels there are, of apps and of the commons. */
  get size(): number {
    return this.#size
  }

  /** The channels of an app, by name. */
  channels(realm: string): ReadonlyMap<string, Channel> {
    return this.#realms.get(realm)?.channels ?? NO_CHANNELS
  }

  /** The channels of all apps. */
  *all(): Iterable<Channel> {
    for (const realm of this.#realms.values())
      if (realm.id !== COMMONS) yield* realm.channels.values()
  }

  /** The channels that have members of the commons: those of the commons, and of apps those that are linked. */
  *withMembers(): Iterable<Channel> {
    yield* this.channels(COMMONS).values()
    yield* this.#linked
  }

  /** How many channels of apps there are. */
  get sizeOfApps(): number {
    return this.#size - this.channels(COMMONS).size
  }

  get withMembersSize(): number {
    return this.channels(COMMONS).size + this.#linked.size
  }

  channel(ref: ChannelRef): Channel | undefined {
    return this.#realms.get(ref.realm)?.channels.get(ref.name)
  }

  /**
   * Finds a channel or makes it, for somebody who attaches, is present or publishes: reading opens nothing.
   * @returns `too_many_channels` or `app_channels` when there is no room
   */
  open(ref: ChannelRef): Soon<Result<Channel>> {
    const known = this.channel(ref)
    if (known) {
      known.home.touch(known, this.#parts.clock.elapsed())
      return ok(known)
    }
    const full = this.#full(ref)
    if (full) return fail(full)
    const opened = this.#parts.engine.open(ref)
    return opened instanceof Promise ? this.#openLater(ref, opened) : this.#opened(ref, opened)
  }

  /** Why `open` would not open a channel, if so. */
  crowding(ref: ChannelRef): Crowding | undefined {
    return this.channel(ref) ? undefined : this.#full(ref)
  }

  /** The same for what is to be placed there. @returns also why it would not be kept, before anybody is told of it */
  openToPlace(ref: ChannelRef): Soon<Result<Channel>> {
    const why = this.placement.isDurable(ref) ? this.#parts.log.refusal?.() : undefined
    return why ? { ok: false, failure: why } : this.open(ref)
  }

  /** Whoever asks for a channel that is being opened waits for the same channel. */
  #openLater(ref: ChannelRef, opened: Promise<Result<undefined>>): Promise<Result<Channel>> {
    const known = this.#opening.get(ref.key)
    if (known) return known
    const opening = opened.then((found) => {
      this.#opening.delete(ref.key)
      return this.#opened(ref, found)
    })
    this.#opening.set(ref.key, opening)
    return opening
  }

  #opened(ref: ChannelRef, opened: Result<undefined>): Result<Channel> {
    if (!opened.ok) return opened
    const known = this.channel(ref)
    if (known) return ok(known)
    const full = this.#full(ref)
    if (full) return fail(full)
    return ok(this.#create(ref, ref.realm === COMMONS ? '' : this.#parts.positions.next()))
  }

  rule(ref: ChannelRef): ChannelRuleSettings {
    return this.#parts.ruleOf(ref)
  }

  /** Milliseconds that readers of a channel wait for more at most, where its rule makes them. */
  waitOf({ ref }: Channel): number {
    return waitOf(this.rule(ref)) ?? 0
  }

  /** What a channel remembers, where its rule says that it does. */
  history(ref: ChannelRef): History {
    return this.placement.history(ref)
  }

  /** Those who read a channel, by what they read of it. */
  groups(ref: ChannelRef): readonly Group[] {
    return this.#parts.fanout.groups(ref)
  }

  /** The joining of groups, and nothing else: what the newcomer has to be sent before has been sent (RTL4). */
  attach(channel: Channel, newcomer: Newcomer): Attachment {
    const { socket, connectionId, modes } = newcomer
    channel.flush()
    const attachment: Attachment = {
      channel,
      socket,
      connectionId,
      modes,
      since: this.#parts.clock.now(),
      seenFrom: newcomer.seenFrom ?? channel.recent.head,
      groups: newcomer.formats.map((format) =>
        this.#parts.fanout.join(socket, channel.ref, format),
      ),
    }
    channel.attach(attachment)
    channel.lastUse = this.#parts.clock.elapsed()
    channel.home.settle(channel)
    this.occupancyChanged(channel)
    return attachment
  }

  /** Another set of modes and formats for somebody who is attached. */
  change(attachment: Attachment, modes: Modes, formats: readonly Format[]): void {
    const { channel, socket } = attachment
    const before = attachment.groups
    attachment.groups = formats.map(
      (format) =>
        before.find((group) => isSame(group.format, format)) ??
        this.#parts.fanout.join(socket, channel.ref, format),
    )
    const gone = before.filter((group) => !attachment.groups.includes(group))
    for (const group of gone) this.#parts.fanout.leave(socket, group)
    channel.changeModes(attachment, modes)
    this.occupancyChanged(channel)
  }

  /** Safe to call twice. */
  detach(attachment: Attachment): void {
    const { channel, socket } = attachment
    if (!channel.detach(attachment)) return
    for (const group of attachment.groups) this.#parts.fanout.leave(socket, group)
    attachment.groups = []
    channel.lastUse = this.#parts.clock.elapsed()
    channel.home.settle(channel)
    this.occupancyChanged(channel)
  }

  /** Gives everybody on a channel an event that has no place in its order and is not kept. */
  tell(channel: Channel, event: Event): void {
    this.#parts.delivery.deliver(channel, event, undefined)
  }

  /** To be told of new messages that have something for devices in them. */
  push(channel: Channel, messages: readonly KeptMessage[]): void {
    if (!this.#parts.ruleOf(channel.ref).pushEnabled) return
    for (const watcher of this.#watchers) watcher.pushed?.(channel, messages)
  }

  /** To be told when the presence set changed. */
  presenceSettled(channel: Channel): void {
    channel.home.settle(channel)
    this.occupancyChanged(channel)
  }

  /** To be told when members of the commons came to a channel, or went. */
  membersChanged(channel: Channel): void {
    if (channel.ref.realm === COMMONS) return
    if (channel.joinedSize > 0) this.#linked.add(channel)
    else this.#linked.delete(channel)
    channel.home.settle(channel)
  }

  /** A channel of the commons is nothing without members. */
  closeUnused(channel: Channel): void {
    if (channel.ref.realm === COMMONS && channel.joinedSize === 0 && !channel.isGone)
      this.#remove(channel)
  }

  occupancyChanged(channel: Channel): void {
    for (const watcher of this.#watchers) watcher.occupied?.(channel)
  }

  /**
   * Makes a channel that another run of the server had; once it is filled, `presenceSettled` is to be told. Whoever
   * was on it has as long to come back as if they had gone now.
   * @returns undefined where there is one already, or no room for it
   */
  restore(ref: ChannelRef, { floor, head }: { floor: string; head: string }): Channel | undefined {
    this.#parts.positions.follow(head)
    if (this.channel(ref) || this.crowding(ref)) return undefined
    const channel = this.#create(ref, floor)
    channel.recent.skipTo(head)
    return channel
  }

  /** Remembers an event that was delivered in another run of the server. */
  recall(
    channel: Channel,
    event: PlacedEvent,
    bytes: number,
    entries: readonly HistoryEntry[],
  ): void {
    // It had to give way to another meanwhile.
    if (channel.isGone) return
    const { memory } = this.#parts
    const { head } = channel.recent
    channel.recent.add(event)
    channel.recent.skipTo(head)
    channel.home.retention.note(channel.recent, bytes, this.#momentOf(event.timestamp))
    if (event.kind === 'publication') channel.previous = event
    if (!this.placement.isDurable(channel.ref))
      void memory.append(channel.ref, entries, this.#momentOf(event.timestamp))
  }

  /** The same for the id by which a repetition is known. @param time of channels, when it came */
  recallId(channel: Channel, id: string, receipt: Receipt, time: number): void {
    channel.remember(id, receipt, this.#momentOf(time))
  }

  /** Forgets an app: it was deleted. */
  forget(realm: string): void {
    for (const channel of this.channels(realm).values()) this.#remove(channel)
    this.#parts.retention.forget(realm)
    this.#parts.memory.forget(realm)
    this.#parts.log.forget(realm)
  }

  /** To be told when the limits of an app have changed. */
  limitsChanged(realm: string): void {
    const max = this.#parts.owners.limitsOf(realm).maxChannels ?? 0
    if (max > 0) this.#realms.get(realm)?.shrinkTo(max)
  }

  /** Every second or so: lets go of what is too old on channels where nothing happens. */
  expire(): void {
    const { clock, limits, retention } = this.#parts
    const now = clock.elapsed()
    retention.expire(now)
    // Stays as long as a client that was on it may come back (RTN15g).
    for (const realm of this.#realms.values()) realm.sweep(now - limits.keepMs)
  }

  /** By the clock's elapsed time, when something was that another run of the server has dated. */
  #momentOf(time: number): number {
    const { clock, positions } = this.#parts
    return clock.elapsed() - Math.max(0, positions.time.now() - time)
  }

  #home(id: string): Realm {
    const { owners, pool, retention } = this.#parts
    return (
      this.#realms.get(id) ??
      new Realm(id, pool.share(owners.shareOf(id)), retention.queue(id), (channel) =>
        this.#remove(channel),
      )
    )
  }

  /** An app at its own limit can still do without channels of its own that are only remembered. */
  #full(ref: ChannelRef): Crowding | undefined {
    const { owners, pool } = this.#parts
    const home = this.#home(ref.realm)
    const max = owners.limitsOf(ref.realm).maxChannels ?? 0
    if (max > 0 && home.held >= max) return home.spare > 0 ? undefined : 'app_channels'
    return pool.hasRoom(this.#shareOf(ref, home)) ? undefined : 'too_many_channels'
  }

  /** Channels of the commons count towards whoever has reserved them, one by one. */
  #shareOf({ name, realm }: ChannelRef, home: Realm): PoolShare {
    const { owners, pool } = this.#parts
    return realm === COMMONS ? pool.share(owners.shareOfName(name)) : home.share
  }

  #create(ref: ChannelRef, position: string): Channel {
    const { clock, limits, owners, pool } = this.#parts
    const home = this.#home(ref.realm)
    const max = owners.limitsOf(home.id).maxChannels ?? 0
    if (max > 0) home.shrinkTo(max - 1)
    const share = this.#shareOf(ref, home)
    pool.take(share)
    const made = { ref, share, position, since: clock.now(), lastUse: clock.elapsed() }
    const channel = new Channel(home, made, limits)
    this.#realms.set(home.id, home)
    home.add(channel)
    this.#size++
    for (const watcher of this.#watchers) watcher.opened?.(channel)
    return channel
  }

  #remove(channel: Channel): void {
    const { home } = channel
    channel.clear()
    home.delete(channel)
    this.#linked.delete(channel)
    if (home.held === 0) this.#realms.delete(home.id)
    this.#parts.pool.give(channel.share)
    this.#size--
    this.#parts.engine.close(channel.ref)
    for (const watcher of this.#watchers) watcher.closed?.(channel)
  }
}

function isSame(a: Format, b: Format): boolean {
  return a.protocol === b.protocol && a.variant === b.variant
}
