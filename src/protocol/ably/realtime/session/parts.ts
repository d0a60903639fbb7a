/** What sessions of the realtime protocol share. */
import type { AppCounters } from '../../../../core/app-counters.ts'
import type { Clock } from '../../../../core/clock.ts'
import type { ConnectionRoom } from '../../../../core/connection-room.ts'
import type { Counters } from '../../../../core/counters.ts'
import type { Failure } from '../../../../failure.ts'
import type { Authenticator } from '../../../../identity/authenticate.ts'
import type { Directory } from '../../../../identity/directory.ts'
import type { Rate } from '../../../../policy/limits.ts'
import type { Annotating } from '../publishing/annotating.ts'
import type { Attaching } from '../attaching/attaching.ts'
import type { Connection } from '../connection/connection.ts'
import type { Connections } from '../connection/connections.ts'
import type { ConnectionLimits } from './protocol-messages.ts'
import type { Presences } from '../presence/presence.ts'
import type { Publishing } from '../publishing/publishing.ts'
import type { TimerWheel } from '../../../../core/timer-wheel.ts'

/** What the log may know of what was refused. */
export interface RealtimeDetail {
  readonly address: string
  readonly app: string | undefined
  readonly channel: string | undefined
}

export interface RealtimeLimits extends ConnectionLimits {
  /** Of one connection: what it publishes. */
  readonly messages: Rate
  /** Of one connection: all that it sends. */
  readonly frames: Rate
}

export interface SessionParts {
  readonly clock: Clock
  readonly counters: Counters
  readonly appCounters: AppCounters
  readonly directory: Directory
  readonly authenticator: Authenticator
  readonly wheel: TimerWheel
  readonly connections: Connections
  readonly room: ConnectionRoom
  /** Those of which it has yet to be asked again whether their credentials count. */
  readonly unreviewed: Set<Connection>
  readonly attaching: Attaching
  readonly publishing: Publishing
  readonly annotating: Annotating
  readonly presences: Presences
  readonly limits: RealtimeLimits
  /** Milliseconds until a connection or a ping is answered: as far away as tests take a server to be. */
  readonly latencyMs: number
  readonly onRefusal: (why: Failure, detail: RealtimeDetail) => void
}
