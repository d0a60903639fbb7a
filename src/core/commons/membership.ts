/** Members of the commons on a channel: itty-sockets clients, of whom each is on one channel. */
import type { Group } from '../../fanout/fanout.ts'
import type { DecisionReason } from '../../policy/channel-access.ts'
import type { Keys } from '../../policy/channel-keys.ts'
import type { Place } from '../access/caller.ts'
import type { Attachment, Channel, Joined } from '../channel/channel.ts'
import type { Format, Member, PresenceMessage, Socket } from '../types.ts'

/** What a protocol session must be able to hear about its membership. */
export interface MembershipOwner {
  /** The channel no longer admits it; the core has already taken it off the channel. */
  evicted(cause: 'access_changed' | 'disconnected'): void
}

/** What a newcomer brings, on the node that it has come to. */
export interface Newcomer {
  readonly place: Place
  readonly socket: Socket
  readonly member: Member
  readonly owner: MembershipOwner
  readonly presented: Keys
  readonly format: Format
  /** Whether the member's own messages come back to it. */
  readonly echo: boolean
  /** Sends the newcomer what it needs to know, before anything else reaches it. */
  readonly welcome: (channel: Channel, timestamp: number) => void
}

/** A member whose socket is on this node. */
export interface Membership extends Joined {
  readonly channel: Channel
  /** Where it is, as the gate has to know it. */
  readonly place: Place
  readonly socket: Socket
  readonly owner: MembershipOwner
  readonly group: Group
  /** Kept so that access can be decided again when rules change. */
  readonly presented: Keys
  readonly echo: boolean
  readonly since: number
  /** Its attachment to a channel of an app, where it is a guest of one. */
  readonly attachment: Attachment | undefined
  maySend: boolean
  because: DecisionReason
  /** It has left, be it known on the channel yet or not. */
  isOver: boolean
}

/** The memberships of a channel whose sockets are on this node, without those that have left. */
export function* membershipsHere({ joined }: Channel): Iterable<Membership> {
  for (const [, one] of joined ?? []) if (isHere(one) && !one.isOver) yield one
}

export function isHere(joined: Joined): joined is Membership {
  return joined.socket !== undefined
}

/** Everybody on a channel who may be seen by members, those who are present on the side of an app included. */
export function* membersOf(channel: Channel): Iterable<Member> {
  for (const [, { member }] of channel.joined ?? []) yield member
  if (channel.presenceSize > 0)
    for (const present of channel.presence.members()) if (!present.guest) yield asMember(present)
}

/** How many are on a channel, those present on the side of an app included. */
export function totalOf(channel: Channel): number {
  const others = channel.presenceSize > 0 ? channel.presence.size - channel.presence.guests : 0
  return channel.joinedSize + others
}

/** Somebody who is present on the side of an app, as members of the commons see them. */
export function asMember({
  clientId,
  connectionId,
}: Pick<PresenceMessage, 'clientId' | 'connectionId'>): Member {
  return { connectionId, clientId, listed: true }
}
