/**
 * The broker: the channels of apps, who is attached to them, and what they remember. Publishing and presence
 * work on the channels that it opens. Who may do what has been decided before it is asked.
 */
import { type FailureName, type Result, fail, ok } from '../failure.ts'
import type { Group } from '../fanout/fanout.ts'
import type { ChannelRuleSettings } from '../policy/channel-rule.ts'
import {
  type AppAttachment,
  AppChannel,
  type AppChannelLimits,
  type NewChannel,
  type Receipt,
} from './app-channel.ts'
import { waitOf } from './batching.ts'
import type { Clock } from './clock.ts'
import type { Entry, History } from './history.ts'
import type { MemoryHistory } from './memory-history.ts'
import type { Modes } from './modes.ts'
import { Outlet, type OutletParts } from './outlet.ts'
import type { Owners } from './owners.ts'
import type { Pool } from './pool.ts'
import type { PositionSource } from './position.ts'
import { Realm } from './realm.ts'
import type { RetentionBudget } from './retention.ts'
import type {
  ChannelRef,
  Event,
  Format,
  KeptMessage,
  PlacedEvent,
  PresenceChange,
  Socket,
} from './types.ts'

export interface BrokerParts extends OutletParts {
  readonly clock: Clock
  readonly positions: PositionSource
  /** Of what channels keep for clients that come back. */
  readonly retention: RetentionBudget
  /** Of which every channel is one, those of the commons too. */
  readonly pool: Pool
  readonly owners: Pick<Owners, 'shareOf' | 'limitsOf'>
  /** What is gone after two minutes. */
  readonly memory: MemoryHistory
  /** What stays for as long as the operator says. */
  readonly log: History
  readonly limits: AppChannelLimits & { readonly keepMs: number }
}

/** Who wants to know what becomes of channels. */
export interface ChannelWatcher {
  opened?(channel: AppChannel): void
  closed?(channel: AppChannel): void
  /** An event is put on disk, because a rule says so. */
  kept?(channel: AppChannel, event: PlacedEvent): void
  /** Messages were published that might be for devices too, on a channel whose rule permits that. */
  pushed?(channel: AppChannel, messages: readonly KeptMessage[]): void
  /** Presence changed, and everybody has been told. */
  presenceChanged?(channel: AppChannel, event: PresenceChange): void
  /** Somebody came, went or changed on a channel. */
  occupied?(channel: AppChannel): void
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

const NO_CHANNELS: ReadonlyMap<string, AppChannel> = new Map()

export class Broker {
  readonly #parts: BrokerParts
  readonly #realms = new Map<string, Realm>()
  readonly #watchers: ChannelWatcher[] = []
  readonly #outlet: Outlet
  #size = 0

  constructor(parts: BrokerParts) {
    this.#parts = parts
    this.#outlet = new Outlet(parts)
  }

  watch(watcher: ChannelWatcher): void {
    this.#watchers.push(watcher)
  }

  /** How many channels there are. */
  get size(): number {
    return this.#size
  }

  /** The channels of an app, by name. */
  channels(realm: string): ReadonlyMap<string, AppChannel> {
    return this.#realms.get(realm)?.channels ?? NO_CHANNELS
  }

  /** The channels of all apps. */
  *all(): Iterable<AppChannel> {
    for (const realm of this.#realms.values()) yield* realm.channels.values()
  }

  channel(ref: ChannelRef): AppChannel | undefined {
    return this.#realms.get(ref.realm)?.channels.get(ref.name)
  }

  /**
   * Finds a channel or makes it, for somebody who attaches, is present or publishes: reading opens nothing.
   * @returns `too_many_channels` or `app_channels` when there is no room
   */
  open(ref: ChannelRef): Result<AppChannel> {
    const known = this.channel(ref)
    if (known) {
      known.home.touch(known, this.#parts.clock.elapsed())
      return ok(known)
    }
    const home = this.#home(ref.realm)
    const full = this.#full(home)
    if (full) return fail(full)
    return ok(this.#create(home, { ref, position: this.#parts.positions.next() }))
  }

  /** Why `open` would not open a channel, if so. */
  crowding(ref: ChannelRef): Crowding | undefined {
    return this.channel(ref) ? undefined : this.#full(this.#home(ref.realm))
  }

  /** The same for what is to be placed there. @returns also why it would not be kept, before anybody is told of it */
  openToPlace(ref: ChannelRef): Result<AppChannel> {
    const why = this.#isDurable(ref) ? this.#parts.log.refusal?.() : undefined
    return why ? { ok: false, failure: why } : this.open(ref)
  }

  rule(ref: ChannelRef): ChannelRuleSettings {
    return this.#parts.ruleOf(ref)
  }

  /** Milliseconds that readers of a channel wait for more at most, where its rule makes them. */
  waitOf({ ref }: AppChannel): number {
    return waitOf(this.rule(ref)) ?? 0
  }

  /** What a channel remembers, where its rule says that it does. */
  history(ref: ChannelRef): History {
    return this.#isDurable(ref) ? this.#parts.log : this.#parts.memory
  }

  /** Those who read a channel, by what they read of it. */
  groups(ref: ChannelRef): readonly Group[] {
    return this.#parts.fanout.groups(ref)
  }

  /** The joining of groups, and nothing else: what the newcomer has to be sent before has been sent (RTL4). */
  attach(channel: AppChannel, newcomer: Newcomer): AppAttachment {
    const { socket, connectionId, modes } = newcomer
    channel.flush()
    const attachment: AppAttachment = {
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
    channel.add(attachment)
    channel.lastUse = this.#parts.clock.elapsed()
    channel.home.settle(channel)
    this.occupancyChanged(channel)
    return attachment
  }

  /** Another set of modes and formats for somebody who is attached. */
  change(attachment: AppAttachment, modes: Modes, formats: readonly Format[]): void {
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
  detach(attachment: AppAttachment): void {
    const { channel, socket } = attachment
    if (!channel.remove(attachment)) return
    for (const group of attachment.groups) this.#parts.fanout.leave(socket, group)
    attachment.groups = []
    channel.lastUse = this.#parts.clock.elapsed()
    channel.home.settle(channel)
    this.occupancyChanged(channel)
  }

  /**
   * Gives an event that is in its order to everybody, and keeps it.
   * @param bytes about what it takes in memory
   * @param entries what history is to know of it
   * @param rollupMs how long what is appended may wait for more
   * @returns settled once it is kept as the channel promises; undefined where it is already
   */
  place(
    channel: AppChannel,
    event: PlacedEvent,
    bytes: number,
    entries: readonly Entry[],
    except?: Socket,
    rollupMs = 0,
  ): Promise<void> | undefined {
    const { clock, log, memory } = this.#parts
    const now = clock.elapsed()
    channel.home.touch(channel, now)
    if (event.kind === 'publication') channel.meter.note(event.messages.length, now)
    if (event.kind === 'publication' && event.ephemeral === true) {
      channel.recent.skipTo(event.position)
    } else {
      channel.recent.add(event)
      channel.home.retention.note(channel.recent, bytes, now)
    }
    const isDurable = entries.length > 0 && this.#isDurable(channel.ref)
    const kept =
      entries.length === 0
        ? undefined
        : isDurable
          ? log.append(channel.ref, entries)
          : memory.append(channel.ref, entries, now)
    if (isDurable) for (const watcher of this.#watchers) watcher.kept?.(channel, event)
    this.#outlet.deliver(channel, event, except, rollupMs)
    if (event.kind === 'presence')
      for (const watcher of this.#watchers) watcher.presenceChanged?.(channel, event)
    return isDurable ? kept : undefined
  }

  /** Gives everybody on a channel an event that has no place in its order and is not kept. */
  tell(channel: AppChannel, event: Event): void {
    this.#parts.delivery.publish(channel.ref, event)
  }

  /** To be told of new messages that have something for devices in them. */
  push(channel: AppChannel, messages: readonly KeptMessage[]): void {
    if (!this.#parts.ruleOf(channel.ref).pushEnabled) return
    for (const watcher of this.#watchers) watcher.pushed?.(channel, messages)
  }

  /** To be told when the presence set changed. */
  presenceSettled(channel: AppChannel): void {
    channel.home.settle(channel)
    this.occupancyChanged(channel)
  }

  occupancyChanged(channel: AppChannel): void {
    for (const watcher of this.#watchers) watcher.occupied?.(channel)
  }

  /**
   * Makes a channel that another run of the server had; once it is filled, `presenceSettled` is to be told. Whoever
   * was on it has as long to come back as if they had gone now.
   * @returns undefined where there is one already, or no room for it
   */
  restore(
    ref: ChannelRef,
    { floor, head }: { floor: string; head: string },
  ): AppChannel | undefined {
    this.#parts.positions.follow(head)
    if (this.channel(ref) || this.crowding(ref)) return undefined
    const channel = this.#create(this.#home(ref.realm), { ref, position: floor })
    channel.recent.skipTo(head)
    return channel
  }

  /** Remembers an event that was delivered in another run of the server. */
  recall(channel: AppChannel, event: PlacedEvent, bytes: number, entries: readonly Entry[]): void {
    // It had to give way to another meanwhile.
    if (channel.isGone) return
    const { memory } = this.#parts
    const { head } = channel.recent
    channel.recent.add(event)
    channel.recent.skipTo(head)
    channel.home.retention.note(channel.recent, bytes, this.#momentOf(event.timestamp))
    if (event.kind === 'publication') channel.previous = event
    if (!this.#isDurable(channel.ref))
      void memory.append(channel.ref, entries, this.#momentOf(event.timestamp))
  }

  /** The same for the id by which a repetition is known. @param time of channels, when it came */
  recallId(channel: AppChannel, id: string, receipt: Receipt, time: number): void {
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

  #isDurable(ref: ChannelRef): boolean {
    const rule = this.#parts.ruleOf(ref)
    // A message that can still be changed has to be there to be changed.
    return rule.persisted || rule.persistLast || rule.mutableMessages
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
  #full(home: Realm): Crowding | undefined {
    const { owners, pool } = this.#parts
    const max = owners.limitsOf(home.id).maxChannels ?? 0
    if (max > 0 && home.held >= max) return home.spare > 0 ? undefined : 'app_channels'
    return pool.hasRoom(home.share) ? undefined : 'too_many_channels'
  }

  #create(home: Realm, wanted: Pick<NewChannel, 'ref' | 'position'>): AppChannel {
    const { clock, limits, owners, pool } = this.#parts
    const max = owners.limitsOf(home.id).maxChannels ?? 0
    if (max > 0) home.shrinkTo(max - 1)
    pool.take(home.share)
    const made = { ...wanted, since: clock.now(), lastUse: clock.elapsed() }
    const channel = new AppChannel(home, made, limits)
    this.#realms.set(home.id, home)
    home.add(channel)
    this.#size++
    for (const watcher of this.#watchers) watcher.opened?.(channel)
    return channel
  }

  #remove(channel: AppChannel): void {
    const { home } = channel
    channel.flush()
    channel.recent.clear()
    channel.ids.clear()
    home.delete(channel)
    if (home.held === 0) this.#realms.delete(home.id)
    this.#parts.pool.give(home.share)
    this.#size--
    for (const watcher of this.#watchers) watcher.closed?.(channel)
  }
}

function isSame(a: Format, b: Format): boolean {
  return a.protocol === b.protocol && a.variant === b.variant
}
