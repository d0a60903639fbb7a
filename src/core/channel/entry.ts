/**
 * What is proposed to a channel. An entry holds all that decides what becomes of it beside the channel's own state, so
 * that every node that applies it comes to the same outcome: ids and limits are given by whoever proposes, positions
 * and times by the engine.
 */
import type { AccessDecision } from '../../policy/channel-access.ts'
import type { Keys } from '../../policy/channel-keys.ts'
import type { DepartureReceipt, EditReceipt, PresenceReceipt, Receipt } from './receipt.ts'
import type { Membership, Newcomer } from '../commons/membership.ts'
import type { ObjectDraft } from '../objects/operation.ts'
import type {
  AnnotationDraft,
  Member,
  Message,
  MessageDraft,
  MessageEdit,
  PresenceDraft,
  Socket,
} from '../types.ts'

/** New messages, of which all are published or none. */
export interface PublicationEntry {
  readonly kind: 'publication'
  readonly drafts: readonly MessageDraft[]
  /** Of the whole; its messages are `id:0`, `id:1` and so on, unless their publisher named them. */
  readonly id: string
  /** By which a repetition is known: a publisher's own id together with whose it is. Undefined for what never is one. */
  readonly repeatId: string | undefined
  /** Absent when there is no connection behind it. */
  readonly connectionId: string | undefined
  /** Neither kept nor delivered again. */
  readonly ephemeral: boolean
}

/** A change of a message that is there. */
export interface EditEntry {
  readonly kind: 'edit'
  readonly edit: MessageEdit
  readonly id: string
  readonly connectionId: string | undefined
  /** Under which it is made. */
  readonly clientId: string | undefined
  /** Only messages of that very client may be changed. */
  readonly ownOnly: boolean
  /** That the whole message may come to by appending. */
  readonly maxBytes: number
  /** Milliseconds that what is appended may wait for more. */
  readonly rollupMs: number
}

/** Annotations of messages that are there: all of them, or none. */
export interface AnnotationEntry {
  readonly kind: 'annotation'
  readonly drafts: readonly AnnotationDraft[]
  readonly id: string
  /** As with publications. */
  readonly repeatId: string | undefined
  readonly connectionId: string | undefined
}

/** Operations on the live objects of a channel: all of them, or none. */
export interface ObjectsEntry {
  readonly kind: 'objects'
  readonly drafts: readonly ObjectDraft[]
  readonly id: string
  /** As with publications. */
  readonly repeatId: string | undefined
  readonly connectionId: string | undefined
  /** Of whoever gives the serials: the same on all nodes. */
  readonly siteCode: string
  /** That all objects of the channel may come to. */
  readonly maxBytes: number
}

/** What nobody has to remember any more of the live objects of a channel is let go of. */
export interface CollectionEntry {
  readonly kind: 'collection'
  /** Of what is told of objects that are deleted. */
  readonly id: string
  /** As with operations. */
  readonly siteCode: string
}

/** What a presence set may come to; 0 for no limit. */
export interface PresenceLimits {
  readonly maxMembers: number
  readonly maxBytes: number
}

/** Entering, changing and leaving presence: all of it, or none. */
export interface PresenceEntry {
  readonly kind: 'presence'
  readonly drafts: readonly PresenceDraft[]
  readonly id: string
  readonly connectionId: string
  readonly limits: PresenceLimits
}

/** A connection leaves presence with all that it has entered, or with some of it. */
export interface DepartureEntry {
  readonly kind: 'departure'
  readonly id: string
  readonly connectionId: string
  /** Only these members; all where left out. */
  readonly clientIds: readonly string[] | undefined
}

/** Somebody becomes a member of the commons on a channel. */
export interface JoinEntry {
  readonly kind: 'join'
  readonly member: Member
  readonly presented: Keys
  /** What settings say; where no reservation covers the channel, the keys of whoever came first decide. */
  readonly verdict: AccessDecision & { readonly join: true }
  readonly strictKeys: boolean
  /** That the channel may have; 0 for no limit. */
  readonly maxMembers: number
  /** On a channel of an app, where a member who may be seen is present as a guest; undefined on the commons. */
  readonly presence: PresenceLimits | undefined
}

/** A member leaves, with the presence that it had as a guest. */
export interface LeaveEntry {
  readonly kind: 'leave'
  readonly connectionId: string
  /** Of what is told of presence. */
  readonly id: string
}

/** A message to one member. */
export interface DirectEntry {
  readonly kind: 'direct'
  readonly to: string
  readonly message: Message
}

export type Entry =
  | PublicationEntry
  | EditEntry
  | AnnotationEntry
  | ObjectsEntry
  | CollectionEntry
  | PresenceEntry
  | DepartureEntry
  | JoinEntry
  | LeaveEntry
  /** To all members of a channel of the commons. */
  | Message
  | DirectEntry

/** What becomes of an entry of each kind. */
interface Outcomes {
  readonly publication: Receipt
  readonly edit: EditReceipt
  readonly annotation: Receipt
  readonly objects: Receipt
  readonly collection: undefined
  readonly presence: PresenceReceipt
  readonly departure: DepartureReceipt
  readonly join: Membership
  readonly leave: undefined
  readonly message: undefined
  readonly direct: undefined
}

export type OutcomeOf<E extends Entry> = Outcomes[E['kind']]
export type Outcome = Outcomes[Entry['kind']]

/** Stands for whoever proposes without a socket that is not to hear of it. */
export const NO_SOCKET = Symbol('no socket')

/**
 * What proposed an entry, on the node that did; it never travels. A socket is one that is not to hear of what it has
 * caused itself; who joins proposes with all that its membership takes.
 */
export type Origin = Socket | typeof NO_SOCKET | Newcomer

export function exceptOf(origin: Origin | undefined): Socket | undefined {
  return origin === NO_SOCKET || origin === undefined || 'welcome' in origin ? undefined : origin
}
