/** The front door in this process, with nothing behind it but what a test puts there. */
import { systemClock } from '../../src/core/clock.ts'
import type { Endpoint } from '../../src/protocol/protocol.ts'
import { proxyRanges } from '../../src/policy/address.ts'
import { TimerWheel } from '../../src/core/time/timer-wheel.ts'
import { Silence } from '../../src/transport/silence.ts'
import { Admission } from '../../src/transport/admission.ts'
import { Bodies } from '../../src/transport/bodies.ts'
import { Front } from '../../src/transport/front.ts'
import { type Listeners, listen } from '../../src/transport/listen.ts'
import { testConfig } from './server.ts'

const NO_LIMIT = { perSecond: 0, burst: 1 }
const ADMISSION_LIMITS = {
  maxConnections: 0,
  maxAddressConnections: 0,
  connections: NO_LIMIT,
  pushes: NO_LIMIT,
  attempts: NO_LIMIT,
  banSeconds: 0,
}

const BODY_LIMITS = { maxBytes: 1_000_000, maxAddressBytes: 1_000_000, seconds: 30 }

/**
 * @param onBug told of exceptions that a request ran into
 * @param elapsed milliseconds of the clock by which it tells how long a turn takes
 */
export function startFront(
  protocol: Endpoint,
  onBug: (error: unknown) => void = () => {},
  bodies = new Bodies(BODY_LIMITS),
  elapsed = () => performance.now(),
): Listeners {
  const front = new Front({
    endpoints: [protocol],
    admission: new Admission(ADMISSION_LIMITS, systemClock),
    bodies,
    basePath: '',
    trustedProxies: proxyRanges(['loopback']),
    allowedOrigins: ['*'],
    files: { isScarce: false },
    silence: new Silence(new TimerWheel(0), 28),
    http: () => new Response(),
    isDraining: () => false,
    elapsed,
    onRefusal: () => {},
    onBug,
  })
  return listen({
    config: testConfig({}),
    folder: undefined,
    front,
    sockets: { message: () => {} },
    metrics: undefined,
    control: () => new Response(),
  })
}
