/** The channels of this node, those of apps and those of the commons: opened, found, and let go of. */
import type { Engine } from '../../engine/engine.ts'
import { type FailureName, type Result, fail, ok } from '../../failure.ts'
import { Channel, type ChannelLimits } from '../channel/channel.ts'
import type { PositionSource } from '../channel/position.ts'
import type { Clock } from '../clock.ts'
import type { Histories } from '../history/histories.ts'
import type { RetentionBudget } from '../history/retention.ts'
import type { Owners } from '../owners.ts'
import type { Soon } from '../soon.ts'
import { COMMONS, type ChannelRef } from '../types.ts'
import type { Pool, PoolShare } from './pool.ts'
import { Realm } from './realm.ts'
import type { ChannelWatchers } from './watchers.ts'

export interface RegistryParts {
  readonly engine: Engine
  readonly clock: Clock
  readonly positions: PositionSource
  readonly histories: Histories
  readonly watchers: ChannelWatchers
  /** Of what channels keep for clients that come back. */
  readonly retention: RetentionBudget
  /** Of which every channel is one, those of the commons too. */
  readonly pool: Pool
  readonly owners: Owners
  readonly limits: ChannelLimits & { readonly keepMs: number }
  readonly onBug: (error: unknown) => void
}

/** Why there is no room for another channel: on the whole server, or for the app. */
export type Crowding = Extract<FailureName, 'too_many_channels' | 'app_channels'>

const NO_CHANNELS: ReadonlyMap<string, Channel> = new Map()

export class Registry {
  readonly #parts: RegistryParts
  readonly #realms = new Map<string, Realm>()
  /** Channels that another node may know, while their state is asked for. */
  readonly #opening = new Map<string, Promise<Result<Channel>>>()
  /** Channels of apps on which members of the commons are. */
  readonly #linked = new Set<Channel>()
  #ofApps = 0

  constructor(parts: RegistryParts) {
    this.#parts = parts
  }

  /** How many channels of apps there are. */
  get sizeOfApps(): number {
    return this.#ofApps
  }

  get withMembersSize(): number {
    return this.channels(COMMONS).size + this.#linked.size
  }

  /** An open channel stands for its name, so that whoever has it does not look it up again. */
  channel(ref: ChannelRef): Channel | undefined {
    if (ref instanceof Channel && !ref.isGone) return ref
    return this.#realms.get(ref.realm)?.channels.get(ref.name)
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

  /**
   * Finds a channel or makes it, for somebody who attaches, is present or publishes: reading opens nothing.
   * @returns `too_many_channels` or `app_channels` when there is no room
   */
  open(ref: ChannelRef): Soon<Result<Channel>> {
    const known = this.channel(ref)
    if (known) {
      // Or it might have to give way to the next that is opened.
      if (known.isIdle) known.home.touch(known, this.#parts.clock.elapsed())
      return ok(known)
    }
    const full = this.#full(ref)
    if (full) return fail(full)
    const opened = this.#parts.engine.open(ref)
    return opened instanceof Promise ? this.#openLater(ref, opened) : this.#opened(ref, opened)
  }

  /** The same for what is to be kept there. @returns also why it would not be, before anybody is told of it */
  openToKeep(ref: ChannelRef): Soon<Result<Channel>> {
    const why = this.#parts.histories.refusal(ref)
    return why ? { ok: false, failure: why } : this.open(ref)
  }

  /** A channel that is being opened; undefined where it is open, or nobody has asked for it. */
  opening(ref: ChannelRef): Promise<Result<Channel>> | undefined {
    return this.#opening.get(ref.key)
  }

  /** Why `open` would not open a channel, if so. */
  crowding(ref: ChannelRef): Crowding | undefined {
    return this.channel(ref) ? undefined : this.#full(ref)
  }

  /**
   * Makes a channel that another run of the server had; whoever was on it has as long to come back as if they had gone
   * now.
   * @returns undefined where there is one already, or no room for it
   */
  restore(ref: ChannelRef, { floor, head }: { floor: string; head: string }): Channel | undefined {
    this.#parts.positions.follow(head)
    if (this.channel(ref) || this.crowding(ref)) return undefined
    const channel = this.#create(ref, floor)
    channel.recent.skipTo(head)
    return channel
  }

  /** Starts the two minutes of a channel on which nobody is any more; presence is settled, too. */
  settlePresence(channel: Channel): void {
    channel.home.settle(channel)
    this.#parts.watchers.occupied(channel)
  }

  /**
   * The same where members of the commons came or went. A channel of the commons is nothing without them, or somebody
   * who is about to be one.
   */
  settleMembers(channel: Channel): void {
    if (channel.ref.realm === COMMONS) {
      if (!channel.isInUse && !channel.isGone) this.#remove(channel)
      return
    }
    if (channel.joinedSize > 0) this.#linked.add(channel)
    else this.#linked.delete(channel)
    channel.home.settle(channel)
  }

  /** Forgets an app: it was deleted. */
  forget(realm: string): void {
    for (const channel of this.channels(realm).values()) this.#remove(channel)
    this.#parts.retention.forget(realm)
    this.#parts.histories.forget(realm)
  }

  /** Lets go of channels that are only remembered, where an app may have fewer now. */
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

  /** Keeps a channel from giving way to others and from closing: it is not known yet what became of an entry. */
  hold(channel: Channel): void {
    channel.proposals++
    if (channel.proposals === 1) channel.home.settle(channel)
  }

  /** As often as it was held. */
  letGo(channel: Channel): void {
    channel.proposals--
    if (channel.proposals === 0) this.settleMembers(channel)
  }

  /** For those who have waited for a channel, and are about to do something with it. */
  #holdForATurn(channel: Channel): void {
    this.hold(channel)
    setImmediate(() => this.letGo(channel))
  }

  /** Whoever asks for a channel that is being opened waits for the same channel. */
  #openLater(ref: ChannelRef, opened: Promise<Result<string>>): Promise<Result<Channel>> {
    const known = this.#opening.get(ref.key)
    if (known) return known
    const opening = this.#whenOpened(ref, opened)
    this.#opening.set(ref.key, opening)
    return opening
  }

  async #whenOpened(ref: ChannelRef, opened: Promise<Result<string>>): Promise<Result<Channel>> {
    try {
      const channel = this.#opened(ref, await opened)
      if (channel.ok) this.#holdForATurn(channel.value)
      return channel
    } catch (error) {
      this.#parts.onBug(error)
      return fail('internal')
    } finally {
      this.#opening.delete(ref.key)
    }
  }

  #opened(ref: ChannelRef, opened: Result<string>): Result<Channel> {
    if (!opened.ok) return opened
    const known = this.channel(ref)
    if (known) return ok(known)
    const full = this.#full(ref)
    if (full) return fail(full)
    return ok(this.#create(ref, opened.value))
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
    const { clock, limits, owners, pool, watchers } = this.#parts
    const home = this.#home(ref.realm)
    const max = owners.limitsOf(home.id).maxChannels ?? 0
    if (max > 0) home.shrinkTo(max - 1)
    const share = this.#shareOf(ref, home)
    pool.take(share)
    const made = { ref, share, position, since: clock.now(), lastUse: clock.elapsed() }
    const channel = new Channel(home, made, limits)
    this.#realms.set(home.id, home)
    home.add(channel)
    if (ref.realm !== COMMONS) this.#ofApps++
    watchers.opened(channel)
    return channel
  }

  #remove(channel: Channel): void {
    const { engine, pool, watchers } = this.#parts
    const home = this.#realms.get(channel.ref.realm)!
    channel.clear()
    home.delete(channel)
    this.#linked.delete(channel)
    if (home.held === 0) this.#realms.delete(home.id)
    pool.give(channel.share)
    if (home.id !== COMMONS) this.#ofApps--
    engine.close(channel.ref)
    watchers.closed(channel)
  }
}
