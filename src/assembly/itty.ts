/** Composes the protocol of itty-sockets: its channels, its limits, and who is told of what is refused. */
import type { Config } from '../config.ts'
import type { Clock, Randomness } from '../core/clock.ts'
import type { Hub } from '../core/hub.ts'
import type { Keyring } from '../identity/keyring.ts'
import type { Refusals } from '../ops/refusals.ts'
import { isPushAdminPath } from '../protocol/ably/rest/devices/paths.ts'
import { IttyProtocol } from '../protocol/itty/itty.ts'
import type { Admission } from '../transport/admission.ts'
import type { Monitoring } from './monitoring.ts'

export interface IttyParts {
  readonly config: Config
  readonly clock: Clock
  readonly random: Randomness
  readonly hub: Hub
  readonly keyring: Keyring
  readonly admission: Admission
  readonly monitoring: Monitoring
  readonly refusals: Refusals
}

export function makeItty(parts: IttyParts): IttyProtocol {
  const { admission, clock, config, hub, keyring, monitoring, random, refusals } = parts
  return new IttyProtocol({
    ...config,
    hub,
    clock,
    random,
    counters: monitoring.counters,
    appCounters: monitoring.appCounters,
    limits: {
      messages: { perSecond: config.messageRate, burst: config.messageBurst },
      maxWarnings: config.maxWarnings,
    },
    digest: (key) => keyring.digest(key),
    sharesPush: isPushAdminPath,
    mayPush: (visit) => admission.mayPush(visit),
    onMessageRefused: (why, detail) => refusals.remember(why, detail),
    onRefusal: (why, detail) => refusals.record(why, detail),
  })
}
