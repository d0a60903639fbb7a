/**
 * The hub of the commons: admits to its channels, keeps who is on them, and tells them what happens there.
 * It asks the policy and knows no protocol.
 */
import { type Failure, type FailureName, type Result, fail, failure, ok } from '../failure.ts'
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
import type { Place } from './access/caller.ts'
import type { AppCount, AppCounters } from './app-counters.ts'
import { addMessage } from './app-traffic.ts'
import { type Attachment, type AttachmentOwner, Channel } from './channel.ts'
import type { ChannelTime } from './channel-time.ts'
import type { Clock } from './clock.ts'
import type { CommonsShares } from './commons-shares.ts'
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
  readonly limits: { readonly maxMembers: number; readonly maxMessageBytes: number }
  readonly links: Links
  readonly shares: CommonsShares
  readonly counters: Counters
  readonly appCounters: AppCounters
  readonly clock: Clock
  readonly time: ChannelTime
}

/** What a newcomer brings. */
export interface Newcomer {
  readonly socket: Socket
  readonly member: Member
  readonly owner: AttachmentOwner
  readonly presented: Keys
  readonly format: Format
  readonly echo: boolean
}

/** What makes a newcomer's admission impossible whatever keys it holds. */
export type Room = Extract<
  FailureName,
  'channel_full' | 'server_full' | 'too_many_channels' | 'app_channels'
>

export class Hub {
  readonly #parts: HubParts
  readonly #commons: AppCount
  readonly #channels = new Map<string, Channel>()
  /** Those that are also an app's, by the id of the app. */
  readonly #shared = new Map<string, Set<Channel>>()

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
    this.#publish(ref, { kind, member, total, timestamp: this.#parts.time.now() })
  }

  /** Whether the limits leave room for one more; asked before the keys are looked at. */
  room(ref: ChannelRef): Room | undefined {
    const { limits, links, shares } = this.#parts
    if (!shares.hasRoomForMember(ref)) return 'server_full'
    const channel = this.#channels.get(ref.key)
    if (channel && limits.maxMembers > 0 && channel.total >= limits.maxMembers)
      return 'channel_full'
    if (isShared(ref)) return links.crowding(ref)
    return channel || shares.hasRoomForChannel(ref) ? undefined : 'too_many_channels'
  }

  /** Decides about a newcomer and changes nothing. The verdict holds until the next turn of the event loop. */
  admit(place: Place, presented: Keys): Verdict {
    const verdict = decideJoin(presented, this.facts(place.channel), this.#parts.rules)
    return this.#asGuest(place, verdict)
  }

  /** Decides about an HTTP push. */
  admitPush(place: Place, presented: Keys): Verdict {
    const match = this.#parts.namespaces.match(place.channel.name)
    return this.#asGuest(place, decidePush(presented, match))
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
    place: Place,
    newcomer: Newcomer,
    verdict: Verdict & { join: true },
    welcome: (channel: Channel, now: number) => void,
  ): Attachment {
    const { counters, fanout, time } = this.#parts
    const now = time.now()
    const { channel: ref, secure } = place
    const channel = this.#channels.get(ref.key) ?? this.#create(ref, verdict.sets ?? NO_KEYS, now)
    const { member } = newcomer
    // The others hear of it before the newcomer's own topic is joined, so it hears only its welcome.
    const total = this.total(channel) + 1
    this.#publish(ref, { kind: 'join', member, total, timestamp: now })
    const attachment: Attachment = {
      channel,
      place,
      socket: newcomer.socket,
      member,
      owner: newcomer.owner,
      presented: newcomer.presented,
      echo: newcomer.echo,
      since: now,
      maySend: verdict.send,
      because: verdict.because,
      group: fanout.join(newcomer.socket, channel.ref, newcomer.format),
    }
    channel.attachments.set(member.connectionId, attachment)
    this.#parts.shares.joined(channel)
    counters.joins++
    this.#commons.connections.open(secure)
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
    this.#parts.shares.left(channel)
    this.#parts.counters.leaves++
    this.#commons.connections.close(attachment.place.secure)
    this.#commons.inbound.realtime.presence.count++
    if (isShared(channel.ref)) this.#parts.links.left(attachment)
    if (channel.total === 0) {
      this.#channels.delete(channel.ref.key)
      this.#parts.shares.closed(channel)
      if (!isShared(channel.ref)) this.#commons.channels.close()
      else this.#unshare(channel)
      return
    }
    const timestamp = this.#parts.time.now()
    const total = this.total(channel)
    this.#publish(channel.ref, { kind: 'leave', member, total, timestamp })
  }

  /**
   * Whether a member may say anything at all; asked before anybody looks at what it is (AC-29).
   * @param text the whole of what it sends
   */
  maySend({ maySend }: Attachment, text: string): Failure | undefined {
    if (!maySend) return failure('send_key_required')
    return isLarger(text, this.#parts.limits.maxMessageBytes)
      ? failure('message_too_large')
      : undefined
  }

  /**
   * Publishes a member's message to its channel. `maySend` has been asked in this same turn.
   * @returns why the app does not permit it whose channel it is, if so
   */
  send(attachment: Attachment, message: Message): Failure | undefined {
    const { channel, place } = attachment
    const { ref } = channel
    const except = attachment.echo ? undefined : attachment.socket
    if (isShared(ref)) {
      const refusal = this.#parts.links.publish(place, message, sizeOf(message), except)
      if (!refusal) addMessage(this.#countOf(ref).inbound.realtime, message.value)
      return refusal
    }
    addMessage(this.#countOf(ref).inbound.realtime, message.value)
    const timestamp = this.#parts.time.now()
    channel.meter.note(1, this.#parts.clock.elapsed())
    this.#publish(ref, { kind: 'message', messages: [message], timestamp }, except)
    return undefined
  }

  /**
   * Sends a message to one member of the sender's channel. `maySend` has been asked in this same turn.
   * @returns `recipient_unknown` where there is no such member
   */
  sendDirect(attachment: Attachment, recipient: string, message: Message): Failure | undefined {
    const { channel, place } = attachment
    const refusal = isShared(channel.ref) ? this.#parts.links.refusal(place) : undefined
    if (refusal) return refusal
    const target = channel.attachments.get(recipient)
    if (!target) return failure('recipient_unknown')
    const { counters, delivery, time } = this.#parts
    const event: Event = { kind: 'message', messages: [message], timestamp: time.now() }
    delivery.direct(target.socket, channel.ref, event, target.group.format)
    counters.messagesDirect++
    addMessage(this.#commons.inbound.realtime, message.value)
    addMessage(this.#commons.outbound.realtime, message.value)
    return undefined
  }

  /**
   * Publishes on behalf of no connection. A channel with nobody on it is not created (H-4).
   * @returns how many connections it was handed to
   */
  push(place: Place, message: Message): Result<number> {
    const { channel: ref } = place
    const { counters, limits, links } = this.#parts
    const bytes = sizeOf(message)
    if (bytes > limits.maxMessageBytes) return fail('message_too_large')
    if (isShared(ref)) {
      const refusal = links.publish(place, message, bytes)
      if (refusal) return { ok: false, failure: refusal }
    }
    counters.messagesPushed++
    addMessage(this.#countOf(ref).inbound.rest, message.value)
    return ok(isShared(ref) ? links.readers(ref) : this.#pushHere(ref, message))
  }

  #pushHere(ref: ChannelRef, message: Message): number {
    const channel = this.#channels.get(ref.key)
    if (!channel) return 0
    const timestamp = this.#parts.time.now()
    channel.meter.note(1, this.#parts.clock.elapsed())
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
      this.#parts.shares.review(channel)
      this.#reviewMembers(channel)
    }
  }

  /** Puts a member off its channel and tells its session why. */
  evict(attachment: Attachment, cause: 'access_changed' | 'disconnected'): void {
    this.leave(attachment)
    attachment.owner.evicted(cause)
  }

  /** To be told of an app of which the state or a rule has changed. */
  reviewApp(appId: string): void {
    for (const channel of this.#shared.get(appId) ?? []) this.#reviewMembers(channel)
  }

  /**
   * What the app to which a channel is linked has against guests, whatever keys they bring; undefined for a channel of
   * the commons.
   */
  guestRefusal(channel: ChannelRef, secure: boolean): Failure | undefined {
    if (!isShared(channel)) return undefined
    return this.#parts.links.refusal({ channel, resource: channel.name, secure })
  }

  /** Whom the keys of a reservation let in is a guest of the app to which it is linked, if there is one. */
  #asGuest(place: Place, verdict: Verdict): Verdict {
    if (!verdict.join || !isShared(place.channel)) return verdict
    const refusal = this.#parts.links.refusal(place)
    if (!refusal) return verdict
    const because = { ...verdict.because, detail: refusal.message }
    return { join: false, failure: refusal.name, because }
  }

  #reviewMembers(channel: Channel): void {
    // A decision per member: they hold different keys, and this runs only when an owner changes a rule.
    for (const attachment of channel.attachments.values()) {
      const kept = decideStay(attachment.presented, this.facts(channel.ref), this.#parts.rules)
      const verdict = this.#asGuest(attachment.place, kept)
      attachment.because = verdict.because
      if (verdict.join) attachment.maySend = verdict.send
      else this.evict(attachment, 'access_changed')
    }
  }

  #create(ref: ChannelRef, ephemeral: Keys, now: number): Channel {
    const { shares } = this.#parts
    const channel = new Channel(ref, shares.keyOf(ref), ephemeral, now)
    this.#channels.set(ref.key, channel)
    shares.opened(channel)
    if (!isShared(ref)) this.#commons.channels.open()
    else this.#shared.set(ref.realm, (this.#shared.get(ref.realm) ?? new Set()).add(channel))
    return channel
  }

  #unshare(channel: Channel): void {
    const { realm } = channel.ref
    const shared = this.#shared.get(realm)
    shared?.delete(channel)
    if (shared?.size === 0) this.#shared.delete(realm)
  }

  #countOf({ realm }: ChannelRef): AppCount {
    return realm === COMMONS ? this.#commons : this.#parts.appCounters.of(realm)
  }

  #publish(ref: ChannelRef, event: Event, except?: Socket): void {
    this.#parts.delivery.deliver(ref, event, except)
  }
}

function isShared(ref: ChannelRef): boolean {
  return ref.realm !== COMMONS
}

/** Compares in UTF-8 bytes, measuring only what could be over the limit. */
function isLarger(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes
}

function sizeOf({ value }: Message): number {
  return Buffer.byteLength(value)
}
