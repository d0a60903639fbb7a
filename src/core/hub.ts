/**
 * The hub of the commons: admits to its channels, keeps who is on them, and tells them what happens there.
 * It asks the policy and knows no protocol.
 */
import type { FailureName } from '../failure.ts'
import type { Fanout } from '../fanout/fanout.ts'
import {
  type ChannelFacts,
  type CommonsRules,
  type Reservation,
  type Verdict,
  decideJoin,
  decidePush,
  decideStay,
} from '../policy/channel-access.ts'
import { type Keys, NO_KEYS } from '../policy/keys.ts'
import { type FoldedNames, linkedApp } from '../policy/names.ts'
import type { AppCount, AppCounters } from './app-counters.ts'
import { addMessage } from './app-traffic.ts'
import { type Attachment, type AttachmentOwner, Channel } from './channel.ts'
import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { Delivery } from './delivery.ts'
import type { Links } from './links.ts'
import {
  COMMONS,
  type ChannelRef,
  type Event,
  type Format,
  type Member,
  type Message,
  type Socket,
  channelRef,
} from './types.ts'

export interface HubParts {
  readonly delivery: Delivery
  readonly fanout: Fanout
  readonly namespaces: FoldedNames<Reservation>
  readonly rules: CommonsRules
  readonly limits: { readonly maxChannels: number; readonly maxMembers: number }
  readonly links: Links
  readonly counters: Counters
  readonly appCounters: AppCounters
  readonly clock: Clock
}

/** What a newcomer brings. */
export interface Newcomer {
  readonly socket: Socket
  readonly member: Member
  readonly owner: AttachmentOwner
  readonly presented: Keys
  readonly format: Format
  readonly echo: boolean
  /** Whether its own connection is encrypted. */
  readonly secure: boolean
}

/** What makes a newcomer's admission impossible whatever keys it holds. */
export type Room = Extract<FailureName, 'channel_full' | 'too_many_channels'>

export class Hub {
  readonly #parts: HubParts
  readonly #commons: AppCount
  readonly #channels = new Map<string, Channel>()

  constructor(parts: HubParts) {
    this.#parts = parts
    this.#commons = parts.appCounters.of(COMMONS)
  }

  get channels(): ReadonlyMap<string, Channel> {
    return this.#channels
  }

  channel(ref: ChannelRef): Channel | undefined {
    return this.#channels.get(ref.key)
  }

  /** The channel that members of the commons know by a name: where its reservation is linked, one of that app. */
  refOf(name: string): ChannelRef {
    const appId = linkedApp(this.#parts.namespaces.match(name)?.best, name)
    return channelRef(appId ?? COMMONS, name)
  }

  /** Everybody on a channel that may be seen, those on the side of an app included. */
  *members(channel: Channel): Iterable<Member> {
    for (const { member } of channel.attachments.values()) yield member
    if (isShared(channel.ref)) yield* this.#parts.links.others(channel.ref)
  }

  /** How many are on a channel, those present on the side of an app included. */
  total(channel: Channel): number {
    const { links } = this.#parts
    return channel.total + (isShared(channel.ref) ? links.countOthers(channel.ref) : 0)
  }

  /** Tells the members of the commons of somebody on the side of an app. */
  announce(ref: ChannelRef, kind: 'join' | 'leave', member: Member): void {
    const channel = this.#channels.get(ref.key)
    if (!channel) return
    const total = this.total(channel)
    this.#publish(ref, { kind, member, total, timestamp: this.#parts.clock.now() })
  }

  /** Whether the limits leave room for one more; asked before the keys are looked at. */
  room(ref: ChannelRef): Room | undefined {
    const { maxChannels, maxMembers } = this.#parts.limits
    const channel = this.#channels.get(ref.key)
    if (channel) return maxMembers > 0 && channel.total >= maxMembers ? 'channel_full' : undefined
    return maxChannels > 0 && this.#channels.size >= maxChannels ? 'too_many_channels' : undefined
  }

  /** Decides about a newcomer and changes nothing. The verdict holds until the next turn of the event loop. */
  admit(ref: ChannelRef, presented: Keys): Verdict {
    return decideJoin(presented, this.facts(ref), this.#parts.rules)
  }

  /** Decides about an HTTP push. */
  admitPush(ref: ChannelRef, presented: Keys): Verdict {
    return decidePush(presented, this.#parts.namespaces.match(ref.name))
  }

  /** What the policy is told about a channel. */
  facts(ref: ChannelRef): ChannelFacts {
    return {
      match: this.#parts.namespaces.match(ref.name),
      ephemeral: this.#channels.get(ref.key)?.ephemeral,
    }
  }

  /**
   * Makes an admitted newcomer a member: membership, announcement and what `welcome` sees are one step, so
   * that the newcomer's list and the joins and leaves that follow fit exactly (E-12, O-1).
   * @param verdict what `admit` said in this same turn
   * @param welcome sends the newcomer what it needs to know, before anything else reaches it
   */
  join(
    ref: ChannelRef,
    newcomer: Newcomer,
    verdict: Verdict & { join: true },
    welcome: (channel: Channel, now: number) => void,
  ): Attachment {
    const { clock, counters, fanout } = this.#parts
    const now = clock.now()
    const channel = this.#channels.get(ref.key) ?? this.#create(ref, verdict.sets ?? NO_KEYS, now)
    const { member } = newcomer
    // The others hear of it before the newcomer's own topic is joined, so it hears only its welcome.
    const total = this.total(channel) + 1
    this.#publish(ref, { kind: 'join', member, total, timestamp: now })
    const attachment: Attachment = {
      channel,
      socket: newcomer.socket,
      member,
      owner: newcomer.owner,
      presented: newcomer.presented,
      echo: newcomer.echo,
      since: now,
      secure: newcomer.secure,
      maySend: verdict.send,
      because: verdict.because,
      group: fanout.join(newcomer.socket, channel.ref, newcomer.format),
    }
    channel.attachments.set(member.connectionId, attachment)
    counters.joins++
    this.#commons.connections.open(newcomer.secure)
    this.#commons.inbound.realtime.presence.count++
    welcome(channel, now)
    if (isShared(ref)) this.#parts.links.joined(attachment)
    return attachment
  }

  /** Takes a member off its channel and tells the rest. Safe to call twice. */
  leave(attachment: Attachment): void {
    const { channel, member } = attachment
    if (channel.attachments.get(member.connectionId) !== attachment) return
    channel.attachments.delete(member.connectionId)
    this.#parts.fanout.leave(attachment.socket, attachment.group)
    this.#parts.counters.leaves++
    this.#commons.connections.close(attachment.secure)
    this.#commons.inbound.realtime.presence.count++
    if (isShared(channel.ref)) this.#parts.links.left(attachment)
    if (channel.total === 0) {
      this.#channels.delete(channel.ref.key)
      if (!isShared(channel.ref)) this.#commons.channels.close()
      return
    }
    const timestamp = this.#parts.clock.now()
    const total = this.total(channel)
    this.#publish(channel.ref, { kind: 'leave', member, total, timestamp })
  }

  /** Publishes a member's message to its channel. The caller has checked `maySend`. */
  send(attachment: Attachment, message: Message): void {
    const { ref } = attachment.channel
    const except = attachment.echo ? undefined : attachment.socket
    addMessage(this.#countOf(ref).inbound.realtime, message.data)
    if (isShared(ref)) return this.#parts.links.publish(ref, message, except)
    const timestamp = this.#parts.clock.now()
    attachment.channel.meter.note(1, timestamp)
    this.#publish(ref, { kind: 'message', messages: [message], timestamp }, except)
  }

  /**
   * Sends a message to one member of the sender's channel.
   * @returns whether there is such a member
   */
  sendDirect(attachment: Attachment, recipient: string, message: Message): boolean {
    const target = attachment.channel.attachments.get(recipient)
    if (!target) return false
    const { clock, counters, delivery } = this.#parts
    const event: Event = { kind: 'message', messages: [message], timestamp: clock.now() }
    delivery.direct(target.socket, attachment.channel.ref, event, target.group.format)
    counters.messagesDirect++
    addMessage(this.#commons.inbound.realtime, message.data)
    addMessage(this.#commons.outbound.realtime, message.data)
    return true
  }

  /**
   * Publishes on behalf of no connection. A channel with nobody on it is not created (H-4).
   * @returns how many connections it was handed to
   */
  push(ref: ChannelRef, message: Message): number {
    const channel = this.#channels.get(ref.key)
    const { counters, links } = this.#parts
    counters.messagesPushed++
    addMessage(this.#countOf(ref).inbound.rest, message.data)
    if (isShared(ref)) {
      links.publish(ref, message)
      return links.readers(ref)
    }
    if (!channel) return 0
    const timestamp = this.#parts.clock.now()
    channel.meter.note(1, timestamp)
    this.#publish(ref, { kind: 'message', messages: [message], timestamp })
    return channel.total
  }

  /**
   * Decides again about everybody whom changed reservations may concern (AC-32).
   * @param concerns whether a channel name is touched; rare, so it may look at every channel
   */
  review(concerns: (channelName: string) => boolean): void {
    for (const channel of this.#channels.values()) {
      const { name, realm } = channel.ref
      if (!concerns(name)) continue
      if (this.refOf(name).realm !== realm) {
        // It was linked or unlinked: whoever comes back finds the other channel.
        for (const attachment of channel.attachments.values()) {
          this.evict(attachment, 'access_changed')
        }
        continue
      }
      if (this.#parts.namespaces.match(name)) channel.ephemeral = NO_KEYS
      this.#reviewMembers(channel)
    }
  }

  /** Puts a member off its channel and tells its session why. */
  evict(attachment: Attachment, cause: 'access_changed' | 'disconnected'): void {
    this.leave(attachment)
    attachment.owner.evicted(cause)
  }

  #reviewMembers(channel: Channel): void {
    // A decision per member: they hold different keys, and this runs only when an owner changes a rule.
    for (const attachment of channel.attachments.values()) {
      const verdict = decideStay(attachment.presented, this.facts(channel.ref), this.#parts.rules)
      attachment.because = verdict.because
      if (verdict.join) attachment.maySend = verdict.send
      else this.evict(attachment, 'access_changed')
    }
  }

  #create(ref: ChannelRef, ephemeral: Keys, now: number): Channel {
    const channel = new Channel(ref, ephemeral, now)
    this.#channels.set(ref.key, channel)
    if (!isShared(ref)) this.#commons.channels.open()
    return channel
  }

  #countOf({ realm }: ChannelRef): AppCount {
    return realm === COMMONS ? this.#commons : this.#parts.appCounters.of(realm)
  }

  #publish(ref: ChannelRef, event: Event, except?: Socket): void {
    this.#parts.delivery.publish(ref, event, except)
  }
}

function isShared(ref: ChannelRef): boolean {
  return ref.realm !== COMMONS
}
