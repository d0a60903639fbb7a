/** Presence on channels of apps, as it is proposed: what of it needs nothing but settings is decided here. */
import { type Result, fail } from '../../failure.ts'
import type { Budget } from '../../policy/budget.ts'
import type { Channel } from '../channel/channel.ts'
import type { Registry } from '../registry/registry.ts'
import type { ChannelWatchers } from '../registry/watchers.ts'
import { Departures, NOBODY_LEFT } from './departures.ts'
import { NO_SOCKET, type PresenceLimits } from '../channel/entry.ts'
import type { DepartureReceipt, PresenceReceipt } from '../channel/receipt.ts'
import type { IdSource } from '../id-source.ts'
import { holderOf, presenceGrowth } from '../channel/presence-growth.ts'
import { memberBytes } from '../channel/presence-set.ts'
import { type Soon, andThen } from '../soon.ts'
import type { ChannelRef, PresenceDraft } from '../types.ts'
import type { UntilTaken } from './until-taken.ts'
import type { Proposals } from './proposals.ts'

export interface PresenceParts {
  readonly registry: Registry
  readonly watchers: ChannelWatchers
  readonly proposals: Proposals
  readonly untilTaken: UntilTaken
  readonly ids: IdSource
  /** How many members a channel of an app may have; 0 for no limit. */
  readonly maxMembers: (realm: string) => number
  /** Bytes that the members of one channel may take; 0 for no limit. */
  readonly maxBytes: number
  /** Of the members of all channels of this node, by app and then by connection. */
  readonly budget: Budget
}

export interface PresenceOrigin {
  readonly connectionId: string
  /** Of all changes together: the connection's id and the number of its frame (RTP2b). */
  readonly id: string
}

const ID_LENGTH = 12

export class Presence {
  readonly #parts: PresenceParts
  readonly #departures: Departures

  constructor(parts: PresenceParts) {
    this.#parts = parts
    this.#departures = new Departures(parts.untilTaken)
    parts.watchers.add({ closed: (channel) => this.#count(channel, -1) })
  }

  /** Counts what channels have that another run of the server had. */
  adopt(): void {
    for (const channel of this.#parts.registry.all()) this.#count(channel, 1)
  }

  /** What a channel of an app may have of presence. */
  limitsOf(realm: string): PresenceLimits {
    const { maxBytes, maxMembers } = this.#parts
    return { maxMembers: maxMembers(realm), maxBytes }
  }

  /** Takes all changes or none. */
  change(
    ref: ChannelRef,
    drafts: readonly PresenceDraft[],
    origin: PresenceOrigin,
  ): Soon<Result<PresenceReceipt>> {
    const opened = this.#parts.registry.openToKeep(ref)
    return opened instanceof Promise
      ? opened.then((found) => this.#propose(found, drafts, origin))
      : this.#propose(opened, drafts, origin)
  }

  /**
   * Takes off a channel whatever a connection has entered there, as a detach or the end of the connection does.
   * @param clientIds only these members; all where left out
   * @returns what was told to the channel, as soon as the engine has taken it: nobody has to ask again
   */
  leave(
    ref: ChannelRef,
    connectionId: string,
    clientIds?: readonly string[],
  ): Soon<DepartureReceipt> {
    const { registry } = this.#parts
    const channel = registry.channel(ref)
    if (channel) return this.#leave(channel, connectionId, clientIds)
    // Whoever entered may still wait for the channel: they come first, as they have asked first.
    const opening = registry.opening(ref)
    if (!opening) return NOBODY_LEFT
    return opening.then((opened) =>
      opened.ok ? this.#leave(opened.value, connectionId, clientIds) : NOBODY_LEFT,
    )
  }

  #leave(
    channel: Channel,
    connectionId: string,
    clientIds: readonly string[] | undefined,
  ): Soon<DepartureReceipt> {
    const id = this.#parts.ids.next(ID_LENGTH)
    return this.#departures.leave(channel, { id, connectionId, clientIds })
  }

  #propose(
    opened: Result<Channel>,
    drafts: readonly PresenceDraft[],
    { connectionId, id }: PresenceOrigin,
  ): Soon<Result<PresenceReceipt>> {
    if (!opened.ok) return opened
    const channel = opened.value
    if (!this.#hasMemory(channel, drafts, connectionId))
      return fail('presence_too_large', NO_MEMORY)
    const limits = this.limitsOf(channel.ref.realm)
    const entry = { kind: 'presence', drafts, id, connectionId, limits } as const
    const returning = this.#departures.returning(channel, connectionId, drafts)
    const answer = this.#parts.proposals.propose(channel, entry, NO_SOCKET)
    if (!returning) return answer
    return andThen(answer, (known) => {
      // They are as gone as their client takes them to be.
      if (!known.ok) void this.#leave(channel, connectionId, returning)
      return known
    })
  }

  /** The memory of a node is its own, so this is decided where it is proposed, and roughly where that suffices. */
  #hasMemory(channel: Channel, drafts: readonly PresenceDraft[], connectionId: string): boolean {
    const { budget } = this.#parts
    const holder = holderOf(channel, connectionId)
    let most = 0
    for (const draft of drafts) if (draft.action !== 'leave') most += memberBytes(draft)
    if (most === 0 || budget.hasRoom(holder, most)) return true
    const { bytes } = presenceGrowth(channel.presence, drafts, connectionId)
    return bytes <= 0 || budget.hasRoom(holder, bytes)
  }

  #count(channel: Channel, times: 1 | -1): void {
    if (channel.presenceSize === 0) return
    for (const member of channel.presence.members()) {
      const holder = holderOf(channel, member.connectionId)
      this.#parts.budget.change(holder, times * memberBytes(member))
    }
  }
}

const NO_MEMORY = 'the app, or this connection of it, has no memory left for presence'
