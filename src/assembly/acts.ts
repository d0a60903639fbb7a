/** Composes what callers can do on channels of apps, with the gate that decides about it. */
import type { Config } from '../config.ts'
import { type ActParts, Acts } from '../core/access/acts.ts'
import type { GateParts } from '../core/access/gate-parts.ts'
import { Gate } from '../core/access/gate.ts'
import { Rates } from '../core/access/rates.ts'
import type { Clock } from '../core/clock.ts'
import { PAGES } from '../core/types.ts'
import { capabilityGap } from '../identity/capability-gap.ts'
import { PAGES_APP } from './page-app.ts'

interface ActNeeds {
  readonly clock: Clock
  readonly config: Config
  readonly appOf: GateParts['appOf']
}

export function makeActs(
  { clock, config, ...parts }: ActNeeds,
  core: Omit<ActParts, 'gate' | 'rates'>,
): Acts {
  const appOf: GateParts['appOf'] = (realm) => (realm === PAGES ? PAGES_APP : parts.appOf(realm))
  const { channelRate, channelBurst, maxMessageBytes } = config
  const rates = new Rates({
    clock,
    appOf,
    channel: { perSecond: channelRate, burst: channelBurst },
  })
  const gate = new Gate({
    appOf,
    registry: core.registry,
    rates,
    clock,
    maxMessageBytes,
    // Pages of the dashboard have a realm of their own, which no owner of an app may hear of.
    explain: (caller, operation, resource) =>
      caller.appId === PAGES ? {} : capabilityGap(caller, operation, resource),
  })
  return new Acts({ ...core, gate, rates })
}
