/**
 * What is proposed to a channel. An entry holds all that decides what becomes of it beside the channel's own state, so
 * that every node that applies it comes to the same outcome: ids and limits are given by whoever proposes, positions
 * and times by the engine.
 */
import type {
  AnnotationDraft,
  MessageDraft,
  MessageEdit,
  PresenceChange,
  PresenceDraft,
  Socket,
} from './types.ts'

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

export type Entry = PublicationEntry | EditEntry | AnnotationEntry | PresenceEntry | DepartureEntry

/** What a publisher is told. */
export interface Receipt {
  /** Of the whole publication. */
  readonly id: string
  /** Of its messages, in their order. */
  readonly serials: readonly string[]
  /** Settled once it is kept as the channel promises; undefined where it is already. */
  readonly kept: Promise<void> | undefined
}

export interface EditReceipt {
  readonly versionSerial: string
  readonly kept: Promise<void> | undefined
}

export interface PresenceReceipt {
  /** What was told to the channel; those who are present already as they say are not told again. */
  readonly event: PresenceChange | undefined
  readonly kept: Promise<void> | undefined
}

export interface DepartureReceipt {
  /** What was told to the channel, in several parts where it is much. */
  readonly events: readonly PresenceChange[]
  readonly kept: Promise<void> | undefined
}

/** What becomes of an entry of each kind. */
interface Outcomes {
  readonly publication: Receipt
  readonly edit: EditReceipt
  readonly annotation: Receipt
  readonly presence: PresenceReceipt
  readonly departure: DepartureReceipt
}

export type OutcomeOf<E extends Entry> = Outcomes[E['kind']]
export type Outcome = Outcomes[Entry['kind']]

/** Stands for whoever proposes without a socket that is not to hear of it. */
export const NO_SOCKET = Symbol('no socket')

/**
 * What proposed an entry, on the node that did; it never travels. A socket is one that is not to hear of what it has
 * caused itself.
 */
export type Origin = Socket | typeof NO_SOCKET

export function exceptOf(origin: Origin | undefined): Socket | undefined {
  return origin === NO_SOCKET ? undefined : origin
}
