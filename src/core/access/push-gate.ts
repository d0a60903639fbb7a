/** The part of the gate that decides about push notifications, which devices may have without a connection. */
import { type Failure, failure } from '../../failure.ts'
import { appRefusal, tlsRefusal } from '../../policy/app-state.ts'
import { settingsFor } from '../../policy/channel-rule.ts'
import type { ChannelRef } from '../types.ts'
import type { GateParts, PushRights } from './gate-parts.ts'
import { permitsAnywhere } from './refusals.ts'

export class PushGate {
  readonly #appOf: GateParts['appOf']
  readonly #now: () => number

  /** @param now the date */
  constructor({ appOf }: Pick<GateParts, 'appOf'>, now: () => number) {
    this.#appOf = appOf
    this.#now = now
  }

  /**
   * Having push notifications: of a channel, or at all.
   * @param rights of the holder of credentials, or of a device by itself
   * @param channel left out for whoever may have those of any
   */
  subscribe(
    appId: string,
    { capability, checker }: PushRights,
    secure: boolean,
    channel?: string,
  ): Failure | undefined {
    const app = this.#appOf(appId)
    if (!app) return failure('app_disabled')
    const refusal = appRefusal(app, this.#now) ?? tlsRefusal(app, secure, 'app')
    if (refusal) return refusal
    const rule = channel === undefined ? undefined : settingsFor(app.rules, channel)
    const open = rule && tlsRefusal(rule, secure, 'channel')
    if (open) return open
    const isPermitted =
      channel === undefined
        ? permitsAnywhere(capability, 'push-subscribe')
        : checker.permits(channel, 'push-subscribe')
    return isPermitted
      ? undefined
      : failure('capability_refused', 'the capability does not permit push-subscribe here')
  }

  /** Whether a channel has push notifications at all. */
  channel({ realm, name }: ChannelRef): Failure | undefined {
    const app = this.#appOf(realm)
    return app && settingsFor(app.rules, name).pushEnabled ? undefined : failure('push_not_enabled')
  }
}
