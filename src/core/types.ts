/** The vocabulary of the core: what protocols share. No wire format, no socket library, no database. */
import type { RelayedJson } from '../policy/relayed-json.ts'
import type { ObjectsChange } from './objects/operation.ts'

/** One frame as it goes over the wire: text or binary. */
export type Frame = string | Uint8Array

/** A channel: its realm (the commons, or an app that owns its channels) and its name. */
export interface ChannelRef {
  readonly realm: string
  readonly name: string
  /** Realm and name in one string, unique among all channels. */
  readonly key: string
}

/** The realm of channels that need no account. */
export const COMMONS = ''

/** The realm of what the server's own pages are told: of no app, for no id of an app looks like this. */
export const PAGES = '[pages]'

export function channelRef(realm: string, name: string): ChannelRef {
  return { realm, name, key: `${realm}\n${name}` }
}

/** Somebody on a channel. */
export interface Member {
  /** Made by the server at each connection, unique on the channel; the address of direct messages. */
  readonly connectionId: string
  /** A name the member chose; neither unique nor verified on the commons. */
  readonly clientId: string | undefined
  /** Whether others may see who this is, or only that there is one more. */
  readonly listed: boolean
}

/** A value that was published on the commons, as its publisher wrote it: big numbers and the order of keys survive. */
export interface Message {
  readonly kind: 'message'
  readonly value: RelayedJson
  /** Of the value in UTF-8, which limits and statistics ask for several times. */
  readonly bytes: number
  /** Absent when there is no connection behind it, as with an HTTP push. */
  readonly sender: Member | undefined
}

/** @param sender left out where there is no connection behind it */
export function newMessage(value: RelayedJson, sender?: Member): Message {
  return { kind: 'message', value, bytes: Buffer.byteLength(value), sender }
}

/** JSON text of an object: what a publisher wrote beside the data comes out as it went in. */
export type JsonText = string

export type MessageAction = 'create' | 'update' | 'delete' | 'append' | 'summary' | 'meta'

/** A state of a message; the one that was created is the first. */
export interface Version {
  /** After every earlier one, as text is ordered. */
  readonly serial: string
  readonly timestamp: number
  readonly clientId?: string | undefined
  readonly description?: string | undefined
  readonly metadata?: JsonText | undefined
}

/**
 * A message of a channel that remembers. Members that its publisher left out are undefined. Data is text or
 * bytes; `encoding` says what they stand for and never ends in `base64`, which belongs to wire formats.
 */
export interface KeptMessage {
  readonly id: string
  readonly name: string | undefined
  readonly data: string | Uint8Array | undefined
  readonly encoding: string | undefined
  readonly clientId: string | undefined
  readonly connectionId: string | undefined
  readonly extras: JsonText | undefined
  /** Milliseconds since the epoch, by the server's clock, when it was created. */
  readonly timestamp: number
  /** Names the message for ever, and orders it among the messages of its channel. */
  readonly serial: string
  readonly action: MessageAction
  readonly version: Version
  /**
   * It is from the commons: a guest, who has chosen the name behind `guest:` alone, or a push. Nobody can send this.
   */
  readonly guest?: true | undefined
  /** What its annotations come to, by annotation type. */
  readonly summary: JsonText | undefined
}

export type PresenceAction = 'absent' | 'present' | 'enter' | 'leave' | 'update'

/** Somebody's presence on a channel, or a change of it. One client may be present once per connection. */
export interface PresenceMessage {
  readonly action: PresenceAction
  /** `connectionId:serial:index`, or another form when the server made the event (RTP2b). */
  readonly id: string
  readonly clientId: string
  readonly connectionId: string
  readonly data: string | Uint8Array | undefined
  readonly encoding: string | undefined
  readonly extras: JsonText | undefined
  readonly timestamp: number
  /** As in `KeptMessage`. */
  readonly guest?: true | undefined
}

/** What somebody attached to a message of another. */
export interface Annotation {
  readonly action: 'create' | 'delete'
  readonly id: string
  /** After the serial of its message, as text is ordered. */
  readonly serial: string
  readonly messageSerial: string
  readonly type: string
  readonly name: string | undefined
  readonly clientId: string | undefined
  readonly count: number | undefined
  readonly data: string | Uint8Array | undefined
  readonly encoding: string | undefined
  readonly extras: JsonText | undefined
  readonly timestamp: number
}

/** What a publisher asks for, before the channel has stamped it. What it left out is undefined. */
export interface MessageDraft {
  /** The publisher's own id, by which a repetition is known. */
  readonly id: string | undefined
  readonly name: string | undefined
  readonly data: string | Uint8Array | undefined
  readonly encoding: string | undefined
  readonly clientId: string | undefined
  readonly extras: JsonText | undefined
  /** As in `KeptMessage`. */
  readonly guest?: true | undefined
}

/** A change of a message that is there. What the draft leaves out stays as it was. */
export interface MessageEdit {
  readonly serial: string
  readonly action: 'update' | 'delete' | 'append'
  readonly draft: MessageDraft
  readonly version: Pick<Version, 'clientId' | 'description' | 'metadata'>
}

export interface PresenceDraft {
  readonly action: 'enter' | 'leave' | 'update'
  /** Given when somebody enters again as the member they were. */
  readonly id: string | undefined
  readonly clientId: string
  readonly data: string | Uint8Array | undefined
  readonly encoding: string | undefined
  readonly extras: JsonText | undefined
  /** As in `KeptMessage`. */
  readonly guest?: true | undefined
}

export type AnnotationDraft = Omit<Annotation, 'id' | 'serial' | 'timestamp'> & {
  readonly id: string | undefined
}

/** What is published together stands together: one position, one id, one frame. */
interface Placed {
  /** Where it stands in its channel: later ones are greater, as text is ordered. */
  readonly position: string
  /** Of the whole; its parts are `id:0`, `id:1` and so on, unless the publisher named them. */
  readonly id: string
  /** Absent when there is no connection behind it. */
  readonly connectionId: string | undefined
  readonly timestamp: number
}

export interface Publication extends Placed {
  readonly kind: 'publication'
  /** As they are delivered: of an append, the new part only. */
  readonly messages: readonly KeptMessage[]
  /** As they stand after it, where that is something else: for readers who have not seen what was before. */
  readonly whole?: readonly KeptMessage[]
  /** Where there is a `whole`: the position of the state that `messages` go on from. */
  readonly continues?: string
  /** Milliseconds that an append may wait for more before it goes out; not at all, where left out. */
  readonly rollupMs?: number
  /** Neither kept nor delivered again. */
  readonly ephemeral?: boolean
}

export interface PresenceChange extends Placed {
  readonly kind: 'presence'
  readonly changes: readonly PresenceMessage[]
}

export interface AnnotationChange extends Placed {
  readonly kind: 'annotation'
  readonly annotations: readonly Annotation[]
}

/** How many are on a channel, and as what. */
export interface Occupancy {
  readonly connections: number
  readonly publishers: number
  readonly subscribers: number
  readonly presenceConnections: number
  readonly presenceMembers: number
  readonly presenceSubscribers: number
  readonly objectPublishers: number
  readonly objectSubscribers: number
}

/**
 * What happens on a channel, in the channel's order. Channels of the commons tell of messages, joins and
 * leaves; those of an app of the rest. `timestamp` is in milliseconds, by the server's clock.
 */
export type Event =
  | { readonly kind: 'message'; readonly messages: readonly Message[]; readonly timestamp: number }
  | {
      readonly kind: 'join' | 'leave'
      readonly member: Member
      /** How many are on the channel after this event. */
      readonly total: number
      readonly timestamp: number
    }
  | Publication
  | PresenceChange
  | AnnotationChange
  | ObjectsChange
  | {
      readonly kind: 'occupancy'
      readonly id: string
      readonly occupancy: Occupancy
      readonly timestamp: number
    }

/** An event that has a place in its channel, from which a client can go on. */
export type PlacedEvent = Publication | PresenceChange | AnnotationChange

/** The variant of a wire format that a group of recipients reads. */
export interface Format {
  readonly protocol: string
  readonly variant: string
}

/** A connected client as the core and the protocols see it; the transport implements it. */
export interface Socket {
  /** Unique in this process. */
  readonly id: number
  /** The client's address, for limits and logs. */
  readonly address: string
  /** Bytes that were sent and have not gone out yet. */
  readonly waitingBytes: number
  /** Only inside its own handlers: elsewhere `Fanout.direct` keeps order and batching. */
  send(frame: Frame): void
  /** A sign of life that is no frame; undefined where there is none but frames. */
  ping?(): void
  /** @param reason shown to the client, so it says nothing a stranger should not know */
  close(code: number, reason: string): void
  /** Closes, and shuts the address out for a while if the operator asked for that. */
  punish(code: number, reason: string): void
}
