/** What sessions of the realtime protocol share. */
import type { AppCounters } from '../../../../core/counting/app-counters.ts'
import type { ConnectionRoom } from '../../../../core/registry/connection-room.ts'
import type { Counters } from '../../../../core/counting/counters.ts'
import type { Authenticator } from '../../../../identity/authenticate.ts'
import type { Directory } from '../../../../identity/directory.ts'
import type { Attaching } from '../attaching/attaching.ts'
import type { ConnectionFinder } from '../../connection/live-connections.ts'
import type { Connection } from '../connection/connection.ts'
import type { Connections } from '../connection/connections.ts'
import type { ClientParts } from './client.ts'
import type { ConnectionLimits } from './protocol-messages.ts'
import type { Reviews } from '../connection/reviews.ts'
import type { FrameHandlers } from '../publishing/handle-frame.ts'
import type { TimerWheel } from '../../../../core/time/timer-wheel.ts'

export type RealtimeLimits = ConnectionLimits & ClientParts['limits']

export interface SessionParts extends ClientParts, FrameHandlers {
  readonly counters: Counters
  readonly appCounters: AppCounters
  readonly directory: Directory
  readonly authenticator: Authenticator
  readonly wheel: TimerWheel
  readonly connections: Connections
  /** Finds them by their keys, and those of other nodes too. */
  readonly finder: ConnectionFinder<Connection>
  readonly room: ConnectionRoom
  readonly reviews: Reviews
  readonly attaching: Attaching
  readonly limits: RealtimeLimits
  /** As in `Objects`. */
  readonly siteCode: string
  /** Simulated network latency in milliseconds, which test suites of SDKs expect of a server; 0 outside a sandbox. */
  readonly latencyMs: number
}
