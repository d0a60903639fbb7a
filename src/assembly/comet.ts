/** Composes the realtime protocol over HTTP requests, for clients that get no WebSocket. */
import type { Config } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import type { TimerWheel } from '../core/timer-wheel.ts'
import { largestText } from '../policy/limits.ts'
import { Comet } from '../protocol/ably/comet/comet.ts'
import type { AblyRealtime } from '../protocol/ably/realtime/realtime.ts'
import type { Doors } from '../protocol/protocol.ts'

export interface CometParts {
  readonly config: Config
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly doors: Doors
  readonly realtime: AblyRealtime
  readonly onBug: (error: unknown) => void
}

/** Clients send what has gathered in one request. */
const MIN_BODY_BYTES = 1_048_576

export function makeComet({ clock, config, doors, onBug, realtime, wheel }: CometParts): Comet {
  return new Comet({
    ...doors,
    open: (visit) => realtime.connect(visit),
    maxBacklogBytes: config.maxBacklogBytes,
    maxBodyBytes: Math.max(MIN_BODY_BYTES, largestText(config.maxMessageBytes) * 2),
    wheel,
    now: () => clock.elapsed(),
    onBug,
  })
}
