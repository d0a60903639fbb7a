/** The vocabulary of the core: what protocols share. No wire format, no socket library, no database. */
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

/**
 * A published value. Structured values travel as the publisher's JSON text with `encoding: 'json'`,
 * so that big numbers and the order of keys survive.
 */
export interface Message {
  readonly data: string | Uint8Array | undefined
  readonly encoding: string | undefined
  /** Absent when there is no connection behind it, as with an HTTP push. */
  readonly sender: Member | undefined
}

/** What happens on a channel, in the channel's order. `timestamp` is in milliseconds, by the server's clock. */
export type Event =
  | { readonly kind: 'message'; readonly messages: readonly Message[]; readonly timestamp: number }
  | {
      readonly kind: 'join' | 'leave'
      readonly member: Member
      /** How many are on the channel after this event. */
      readonly total: number
      readonly timestamp: number
    }

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
  /** Only inside its own handlers: elsewhere `Fanout.direct` keeps order and batching. */
  send(frame: Frame): void
  /** @param reason shown to the client, so it says nothing a stranger should not know */
  close(code: number, reason: string): void
  /** Closes, and shuts the address out for a while if the operator asked for that. */
  punish(code: number, reason: string): void
}
