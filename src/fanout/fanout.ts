/** The seam to what carries one frame to many sockets. */
import type { ChannelRef, Format, Frame, Socket } from '../core/types.ts'

/** Everybody on a channel who reads the same variant of the same wire format: they share one encoding. */
export interface Group {
  readonly topic: string
  readonly channel: ChannelRef
  readonly format: Format
  readonly size: number
}

export interface Fanout {
  join(socket: Socket, channel: ChannelRef, format: Format): Group
  leave(socket: Socket, group: Group): void
  /** Whether anybody is in a group but one socket, which may be in it or not. */
  hasOthers(group: Group, socket: Socket): boolean
  /** Only groups that have members. */
  groups(channel: ChannelRef): readonly Group[]
  /**
   * Sends one frame to a whole group but for one socket.
   * @returns whether some reader is so far behind that it did not get the frame and is cut off. Never send again for that:
   * the others have the frame
   */
  deliver(group: Group, frame: Frame, except: Socket | undefined): boolean
  /**
   * Sends to one socket, in order with what `deliver` sends to it.
   * @returns whether that reader is so far behind that it did not get the frame, and is cut off
   */
  direct(socket: Socket, frame: Frame): boolean
}
