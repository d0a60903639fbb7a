/**
 * Channels that both kinds of client share: a reservation that is linked to an app. Members of the commons
 * are on the app's channel as guests, and who is present there is a member to them.
 */
import type { Failure } from '../failure.ts'
import type { Acts } from './access/acts.ts'
import { GUEST, type Place } from './access/caller.ts'
import type { Attachment } from './channel.ts'
import type { AppAttachment } from './app-channel.ts'
import type { Broker, Crowding } from './broker.ts'
import { MODE } from './modes.ts'
import type { Presence } from './presence.ts'
import type { RelayedJson } from '../policy/relayed-json.ts'
import type { ChannelRef, Member, Message, MessageDraft, PresenceChange, Socket } from './types.ts'

/**
 * Stands before the client id of a guest: guests choose their own names, which must not pass for the
 * identities that an app vouches for. Anybody may be called so; guests are marked as such apart from it.
 */
const GUEST_PREFIX = 'guest:'

const GUEST_MODES = MODE.publish | MODE.subscribe | MODE.presence | MODE.presenceSubscribe

/** Tells the members of the commons of somebody who is present, or no longer. */
export type Announce = (channel: ChannelRef, kind: 'join' | 'leave', member: Member) => void

export interface LinkParts {
  readonly broker: Broker
  readonly acts: Acts
  readonly presence: Presence
}

export class Links {
  readonly #parts: LinkParts
  readonly #guests = new Map<Attachment, AppAttachment>()
  /** Who is present without being a guest, by channel; only of channels that have guests. */
  readonly #others = new Map<string, Map<string, Member>>()
  #announce: Announce = () => undefined
  #serial = 0

  constructor(parts: LinkParts) {
    this.#parts = parts
  }

  start(announce: Announce): void {
    this.#announce = announce
  }

  /** Members that are no guests. */
  others(channel: ChannelRef): readonly Member[] {
    const known = this.#others.get(channel.key)
    if (known) return [...known.values()]
    return [...this.#present(channel).values()]
  }

  /** How many they are. */
  countOthers(channel: ChannelRef): number {
    return (this.#others.get(channel.key) ?? this.#present(channel)).size
  }

  /** A member of the commons has come to a shared channel. */
  joined(attachment: Attachment): void {
    const { broker } = this.#parts
    const { member, socket, channel } = attachment
    const opened = broker.open(channel.ref)
    // The hub has asked before whether there is room.
    if (opened instanceof Promise || !opened.ok) return
    if (!this.#others.has(channel.ref.key)) {
      this.#others.set(channel.ref.key, this.#present(channel.ref))
    }
    const { connectionId } = member
    const place = { socket, connectionId, modes: GUEST_MODES, formats: [] }
    this.#guests.set(attachment, broker.attach(opened.value, place))
    if (!member.listed) return
    const enter = {
      action: 'enter' as const,
      id: undefined,
      clientId: guestId(member),
      data: undefined,
      encoding: undefined,
      extras: undefined,
      guest: true as const,
    }
    const id = `${connectionId}:${this.#serial++}`
    this.#parts.presence.change(channel.ref, [enter], { connectionId, id })
  }

  left(attachment: Attachment): void {
    const { channel, member } = attachment
    const place = this.#guests.get(attachment)
    if (!place) return
    this.#guests.delete(attachment)
    this.#parts.presence.leave(channel.ref, member.connectionId)
    this.#parts.broker.detach(place)
    if (channel.total === 0) this.#others.delete(channel.ref.key)
  }

  /** What the app has against guests on a channel of it: its state, its rules. */
  refusal(place: Place): Failure | undefined {
    return this.#parts.acts.gate.enter(GUEST, place)
  }

  /**
   * Publishes what a guest says, or what was pushed where there is no sender.
   * @param bytes of the value as it came
   * @param except the socket that is not to hear of it
   * @returns why the app does not permit it, if so
   */
  publish(
    place: Place,
    { value, sender }: Message,
    bytes: number,
    except?: Socket,
  ): Failure | undefined {
    const draft = {
      id: undefined,
      name: undefined,
      ...plainest(value),
      clientId: sender && guestId(sender),
      extras: undefined,
      guest: true as const,
    }
    const wish = { drafts: [draft], batchId: undefined, ephemeral: false, privileged: false, bytes }
    const source = { connectionId: sender?.connectionId, id: undefined, except }
    const published = this.#parts.acts.publish(GUEST, place, wish, source)
    return published instanceof Promise || published.ok ? undefined : published.failure
  }

  /** Why a guest could not be on a channel of an app, if so. */
  crowding(channel: ChannelRef): Crowding | undefined {
    return this.#parts.broker.crowding(channel)
  }

  /** How many are attached to a channel, guests included. */
  readers(channel: ChannelRef): number {
    return this.#parts.broker.channel(channel)?.attachments.size ?? 0
  }

  /** Presence changed on a channel of an app. */
  present({ changes }: PresenceChange, channel: ChannelRef): void {
    const others = this.#others.get(channel.key)
    if (!others) return
    for (const change of changes) {
      if (change.guest) continue
      const member = asMember(change)
      const key = `${member.connectionId}\n${change.clientId}`
      if (change.action === 'leave') {
        if (others.delete(key)) this.#announce(channel, 'leave', member)
      } else if (!others.has(key)) {
        others.set(key, member)
        this.#announce(channel, 'join', member)
      }
    }
  }

  #present(channel: ChannelRef): Map<string, Member> {
    const others = new Map<string, Member>()
    for (const present of this.#parts.broker.channel(channel)?.presence.members() ?? []) {
      const { connectionId, clientId } = present
      if (!present.guest) others.set(`${connectionId}\n${clientId}`, asMember(present))
    }
    return others
  }
}

/** The name that a guest has chosen, by the client id that it has on the side of the app; undefined for none. */
export function aliasOfGuest(clientId: string, connectionId: string): string | undefined {
  const alias = clientId.slice(GUEST_PREFIX.length)
  // A guest without an alias goes by the id of its connection.
  return alias === connectionId ? undefined : alias
}

function guestId({ clientId, connectionId }: Member): string {
  return GUEST_PREFIX + (clientId ?? connectionId)
}

function asMember(present: { connectionId: string; clientId: string }): Member {
  return { connectionId: present.connectionId, clientId: present.clientId, listed: true }
}

/** The value as an app's client would have published it: text is text, and only the rest is JSON. */
function plainest(value: RelayedJson): Pick<MessageDraft, 'data' | 'encoding'> {
  return /^\s*"/.test(value)
    ? { data: JSON.parse(value) as string, encoding: undefined }
    : { data: value, encoding: 'json' }
}
