/**
 * The seam to the channels that carry updates to open pages: the server's own realtime protocol, in a realm of its
 * own, so that readers of pages are not counted as clients.
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
  /** Calls back with the number of a channel's readers whenever it may have changed. */
  watch(onReaders: (channel: string, readers: number) => void): void
  /** Publishes to the channel's present readers. Nothing is kept. */
  publish(channel: string, update: LiveUpdate): void
}
