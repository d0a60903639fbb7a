/** The seam to whatever gives channels order, memory and reach. Engines know no socket and no protocol. */
import type { ChannelRef, Event } from '../core/types.ts'

/** Receives each event in the order of its channel. `origin` is what `publish` was given, on the node that gave it. */
export type Deliver = (channel: ChannelRef, event: Event, origin: unknown) => void

export interface Engine {
  start(deliver: Deliver): Promise<void>
  /**
   * Puts an event in the channel's order and delivers it, and resolves once it is kept as well as the
   * channel promises. Delivery may come first; two calls for a channel deliver in the order of the calls.
   * @param origin a handle of the caller that comes back with the delivery on this node only
   */
  publish(channel: ChannelRef, event: Event, origin?: unknown): Promise<void>
  stop(): Promise<void>
}
