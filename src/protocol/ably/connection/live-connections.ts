/** The seam to the connections that are open, as far as requests over REST are about one of them. */

import type { Socket } from '../../../core/types.ts'

export interface LiveConnection {
  readonly connectionId: string
  /** Undefined for one that is anonymous, or that may be anybody and is nobody yet. */
  readonly clientId: string | undefined
  /** The socket to which what is published for the connection does not come back, if it wants that (RTN2b). */
  readonly socketWithoutEcho: Socket | undefined
}

export interface ConnectionFinder {
  /** @returns undefined for a key that is wrong, or of another app */
  byKey(connectionKey: string, appId: string): LiveConnection | undefined
}
