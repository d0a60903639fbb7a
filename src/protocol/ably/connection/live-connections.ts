/** Connections as REST requests see them that publish on behalf of one (RSL1j). */

import type { Socket } from '../../../core/types.ts'

export interface LiveConnection {
  readonly connectionId: string
  /** Undefined for one that is anonymous, or that may be anybody and is nobody yet. */
  readonly clientId: string | undefined
  /** The socket to leave out when something published for the connection is delivered; undefined with echo (RTN2b). */
  readonly socketWithoutEcho: Socket | undefined
}

export interface ConnectionFinder {
  /** @returns undefined for a key that is wrong, or of another app */
  byKey(connectionKey: string, appId: string): LiveConnection | undefined
}
