/** The state of a channel as plain data: for the next run of the server, and for another node. */
import type { Keys } from '../../policy/channel-keys.ts'
import type { PlainObject } from '../objects/channel-objects.ts'
import type { Member, PlacedEvent, PresenceMessage } from '../types.ts'
import type { Receipt } from './receipt.ts'

/** Plain data: no classes, no functions, no promises. */
export interface ChannelSnapshot {
  readonly realm: string
  readonly name: string
  /** Everything after this position is in `events`. */
  readonly floor: string
  readonly head: string
  readonly events: readonly PlacedEvent[]
  readonly presence: readonly PresenceMessage[]
  readonly ids: readonly (readonly [id: string, receipt: PlainReceipt, time: number])[]
  /** Members of the commons and the first joiner's keys; only from one node to another, as members end with a server. */
  readonly members?: readonly Member[]
  readonly keys?: Keys
  /** Live objects; only from one node to another. */
  readonly objects?: readonly PlainObject[]
}

export type PlainReceipt = Pick<Receipt, 'id' | 'serials'>
