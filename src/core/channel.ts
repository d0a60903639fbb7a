/** A channel while somebody is on it, and the attachments that make it exist. */
import type { Group } from '../fanout/fanout.ts'
import type { Because } from '../policy/channel-access.ts'
import type { Keys } from '../policy/keys.ts'
import type { Place } from './access/caller.ts'
import type { Audience } from './delivery.ts'
import { Meter } from './meter.ts'
import type { ChannelRef, Member, Socket } from './types.ts'

/** What a protocol session must be able to hear about its attachment. */
export interface AttachmentOwner {
  /** The channel no longer admits it; the core has already taken it off the channel. */
  evicted(cause: 'access_changed' | 'disconnected'): void
}

/** One connection's place on one channel. */
export interface Attachment {
  readonly channel: Channel
  /** Where it is, as the gate has to know it. */
  readonly place: Place
  readonly socket: Socket
  readonly member: Member
  readonly owner: AttachmentOwner
  readonly group: Group
  /** Kept so that access can be decided again when rules change. */
  readonly presented: Keys
  /** Whether the member's own messages come back to it. */
  readonly echo: boolean
  readonly since: number
  maySend: boolean
  because: Because
}

export class Channel implements Audience {
  readonly ref: ChannelRef
  readonly since: number
  /** By connection id, in the order of joining. */
  readonly attachments = new Map<string, Attachment>()
  /** The first joiner's keys; they live as long as the channel (AC-15). */
  ephemeral: Keys
  /** Of messages to everybody. */
  readonly meter = new Meter()
  /** What it counts towards, with everybody on it. */
  share: string
  /** The commons remember nothing. */
  readonly previous = undefined

  constructor(ref: ChannelRef, share: string, ephemeral: Keys, now: number) {
    this.ref = ref
    this.share = share
    this.ephemeral = ephemeral
    this.since = now
  }

  get total(): number {
    return this.attachments.size
  }

  *sockets(): Iterable<Socket> {
    for (const attachment of this.attachments.values()) yield attachment.socket
  }
}
