/** The seam through which connections are found by their keys: to resume one, or to publish on behalf of one (RSL1j). */
import type { Soon } from '../../../core/soon.ts'
import type { Socket } from '../../../core/types.ts'

export interface LiveConnection {
  readonly connectionId: string
  /** Undefined for one that is anonymous, or that may be anybody and is nobody yet. */
  readonly clientId: string | undefined
  /** The socket to leave out when something published for the connection is delivered; undefined with echo (RTN2b). */
  readonly socketWithoutEcho: Socket | undefined
}

/**
 * Finds connections by their keys: those of this node, and in a cluster those of other nodes.
 * @template C the connections of this node
 */
export interface ConnectionFinder<C extends LiveConnection = LiveConnection> {
  /**
   * Finds the connection that a request is about. The connection stays on its node.
   * @returns undefined for a key that is wrong, or of another app
   */
  find(key: string, appId: string): Soon<LiveConnection | undefined>
  /**
   * Finds the connection that a client resumes here. A connection of another node is moved to this one, where it waits
   * for a transport like any connection that has lost its own.
   */
  claim(key: string, appId: string): Soon<C | undefined>
}

/** Extends a finder of the connections of this node to those of other nodes. */
export type MakeFinder = <C extends LiveConnection>(
  here: ConnectionFinder<C>,
) => ConnectionFinder<C>
