/**
 * The seam to the channels over which pages that are open are told what is new: the server's own realtime protocol,
 * in a realm of its own, so that whoever looks on counts nowhere as a client.
 */
import type { Failure, Result } from '../../failure.ts'
import type { Opening, Visit } from '../../protocol/protocol.ts'
import type { LiveUpdate } from './updates.ts'

export interface PageChannels {
  /**
   * Lets a page in, which may then read the channels whose names begin with the id of its session and a colon.
   * @param session the id of its session, or why it has none
   */
  open(visit: Visit, session: Result<string>): Opening
  /** Ends the connections of a session for good, and says why. */
  expel(session: string, why: Failure): void
  /** Whether pages of a session are connected. */
  isConnected(session: string): boolean
  /** To be told of each channel how many read it, whenever that may have changed. */
  watch(onReaders: (channel: string, readers: number) => void): void
  /** Tells whoever reads the channel now. Nothing is kept. */
  publish(channel: string, update: LiveUpdate): void
}
