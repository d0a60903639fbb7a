/**
 * The broker: the channels of apps, who is attached to them, and what they remember. Publishing and presence
 * work on the channels that it opens. Who may do what has been decided before it is asked.
 */
import { type Result, fail, ok } from '../failure.ts'
import type { Group } from '../fanout/fanout.ts'
import type { ChannelRuleSettings } from '../policy/channel-rule.ts'
import { type AppAttachment, AppChannel, type AppChannelLimits } from './app-channel.ts'
import type { Clock } from './clock.ts'
import type { Entry, History } from './history.ts'
import type { Modes } from './modes.ts'
import { Outlet, type OutletParts } from './outlet.ts'
import type { PositionSource } from './position.ts'
import type { RetentionQueue } from './retention.ts'
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
  /** Of what channels keep for clients that come back, and of memory that nobody asked to be kept longer. */
  readonly retention: RetentionQueue
  /** What is gone after two minutes. */
  readonly memory: History
  /** What stays for as long as the operator says. */
  readonly log: History
  readonly limits: AppChannelLimits & {
    readonly maxChannels: number
    readonly keepMs: number
  }
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

type Realm = Map<string, AppChannel>

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
    return this.#realms.get(realm) ?? NO_CHANNELS
  }

  /** The channels of all apps. */
  *all(): Iterable<AppChannel> {
    for (const realm of this.#realms.values()) yield* realm.values()
  }

  channel(ref: ChannelRef): AppChannel | undefined {
    return this.#realms.get(ref.realm)?.get(ref.name)
  }

  /** Finds a channel or makes it. @returns `too_many_channels` when there is no room */
  open(ref: ChannelRef): Result<AppChannel> {
    const now = this.#parts.clock.now()
    const known = this.channel(ref)
    if (known) {
      known.lastUse = now
      return ok(known)
    }
    const { maxChannels } = this.#parts.limits
    if (maxChannels > 0 && this.#size >= maxChannels) return fail('too_many_channels')
    const channel = this.#create(ref, this.#parts.positions.next(), now)
    this.released(channel)
    return ok(channel)
  }

  rule(ref: ChannelRef): ChannelRuleSettings {
    return this.#parts.ruleOf(ref)
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
    channel.lastUse = attachment.since
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
    channel.lastUse = this.#parts.clock.now()
    this.released(channel)
    this.occupancyChanged(channel)
  }

  /** To be told when presence ended on a channel that may have nobody left. */
  released(channel: AppChannel): void {
    if (channel.isInUse || channel.isLeaving) return
    channel.isLeaving = true
    // Stays as long as a client that was on it may come back (RTN15g).
    const forgetOldest = () => {
      channel.isLeaving = false
      this.#removeIfIdle(channel)
    }
    this.#parts.retention.note({ forgetOldest }, 0, channel.lastUse)
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
    const { log, memory, retention } = this.#parts
    channel.lastUse = event.timestamp
    if (event.kind === 'publication') channel.meter.note(event.messages.length, event.timestamp)
    if (event.kind === 'publication' && event.ephemeral === true) {
      channel.recent.skipTo(event.position)
    } else {
      channel.recent.add(event)
      retention.note(channel.recent, bytes, event.timestamp)
    }
    const isDurable = entries.length > 0 && this.#isDurable(channel.ref)
    const kept =
      entries.length === 0 ? undefined : (isDurable ? log : memory).append(channel.ref, entries)
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
  occupancyChanged(channel: AppChannel): void {
    for (const watcher of this.#watchers) watcher.occupied?.(channel)
  }

  /**
   * Makes a channel that another run of the server had; once it is filled, `released` is to be told. Whoever
   * was on it has as long to come back as if they had gone now.
   * @returns undefined where there is one already
   */
  restore(
    ref: ChannelRef,
    { floor, head }: { floor: string; head: string },
  ): AppChannel | undefined {
    if (this.channel(ref)) return undefined
    this.#parts.positions.follow(head)
    const channel = this.#create(ref, floor, this.#parts.clock.now())
    channel.recent.skipTo(head)
    return channel
  }

  /** Remembers an event that was delivered in another run of the server. */
  recall(channel: AppChannel, event: PlacedEvent, bytes: number, entries: readonly Entry[]): void {
    const { memory, retention } = this.#parts
    const { head } = channel.recent
    channel.recent.add(event)
    channel.recent.skipTo(head)
    retention.note(channel.recent, bytes, event.timestamp)
    if (event.kind === 'publication') channel.previous = event
    if (!this.#isDurable(channel.ref)) void memory.append(channel.ref, entries)
  }

  /** Forgets an app: it was deleted. */
  forget(realm: string): void {
    const channels = this.#realms.get(realm)
    if (channels) {
      for (const channel of channels.values()) channel.flush()
      this.#realms.delete(realm)
      this.#size -= channels.size
      for (const channel of channels.values()) this.#closed(channel)
    }
    this.#parts.memory.forget(realm)
    this.#parts.log.forget(realm)
  }

  /** Every second or so: lets go of what is too old on channels where nothing happens. */
  expire(): void {
    this.#parts.retention.expire(this.#parts.clock.now())
  }

  #isDurable(ref: ChannelRef): boolean {
    const rule = this.#parts.ruleOf(ref)
    // A message that can still be changed has to be there to be changed.
    return rule.persisted || rule.persistLast || rule.mutableMessages
  }

  #create(ref: ChannelRef, position: string, now: number): AppChannel {
    const channel: AppChannel = new AppChannel(ref, position, this.#parts.limits, now, () =>
      this.#removeIfIdle(channel),
    )
    const realm = this.#realms.get(ref.realm)
    if (realm) realm.set(ref.name, channel)
    else this.#realms.set(ref.realm, new Map([[ref.name, channel]]))
    this.#size++
    for (const watcher of this.#watchers) watcher.opened?.(channel)
    return channel
  }

  #closed(channel: AppChannel): void {
    for (const watcher of this.#watchers) watcher.closed?.(channel)
  }

  #removeIfIdle(channel: AppChannel): void {
    const { clock, limits } = this.#parts
    if (channel.isInUse || channel.recent.size > 0) return
    if (channel.lastUse > clock.now() - limits.keepMs) return this.released(channel)
    const realm = this.#realms.get(channel.ref.realm)
    if (realm?.get(channel.ref.name) !== channel) return
    realm.delete(channel.ref.name)
    if (realm.size === 0) this.#realms.delete(channel.ref.realm)
    this.#size--
    this.#closed(channel)
  }
}

function isSame(a: Format, b: Format): boolean {
  return a.protocol === b.protocol && a.variant === b.variant
}
