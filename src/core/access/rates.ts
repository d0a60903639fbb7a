/** How much may be published: by the holder of a token, in an app, and on a channel. */
import { type Failure, failure } from '../../failure.ts'
import type { AppLimits } from '../../policy/app-limits.ts'
import {
  type Bucket,
  type Rate,
  fullBucket,
  isRested,
  spend,
  take,
} from '../../policy/rate-limits.ts'
import type { Channel } from '../channel/channel.ts'
import type { Clock } from '../clock.ts'
import type { AppCaller, Caller, Place } from './caller.ts'

export interface RateParts {
  readonly clock: Clock
  /** Of one channel, in messages, whoever they come from. */
  readonly channel: Rate
  /** @returns undefined for an app that is gone */
  readonly appOf: (realm: string) => { readonly limits: AppLimits } | undefined
}

/** So many channels of one token are remembered before those that went quiet are looked for. */
const SWEEP_AT = 1000

export class Rates {
  readonly #parts: RateParts
  /** By the claims of a token, which are one object for all that is done with it, and then by channel. */
  readonly #tokens = new WeakMap<object, Map<string, Bucket>>()
  readonly #channels = new WeakMap<Channel, Bucket>()
  readonly #apps = new Map<string, Bucket>()

  constructor(parts: RateParts) {
    this.#parts = parts
  }

  /**
   * Charges a caller for messages, whatever else is going to be decided about them.
   * @param messages how many
   * @returns why they are too many, if so
   */
  ofCaller(caller: Caller, place: Place, messages: number): Failure | undefined {
    place.allowance?.spend(messages - 1)
    return caller.kind === 'app' ? this.#ofToken(caller, place.channel.name, messages) : undefined
  }

  /** Charges a channel for messages that nothing else is against. */
  ofChannel(channel: Channel, messages: number): Failure | undefined {
    const { clock, channel: rate } = this.#parts
    if (rate.perSecond === 0) return undefined
    const now = clock.elapsed()
    let bucket = this.#channels.get(channel)
    if (!bucket) this.#channels.set(channel, (bucket = fullBucket(rate, now)))
    if (!take(bucket, rate, now)) return failure('channel_rate')
    spend(bucket, rate, messages - 1)
    return undefined
  }

  /** Charges an app whose owner, or the server's, has laid down how much may be published in it. */
  ofApp(realm: string, messages: number): Failure | undefined {
    const perSecond = this.#parts.appOf(realm)?.limits.messageRate ?? 0
    if (perSecond === 0) return undefined
    const now = this.#parts.clock.elapsed()
    const rate: Rate = { perSecond, burst: perSecond }
    let bucket = this.#apps.get(realm)
    if (!bucket) this.#apps.set(realm, (bucket = fullBucket(rate, now)))
    if (!take(bucket, rate, now))
      return failure('app_rate', `the app permits ${perSecond} messages a second`)
    spend(bucket, rate, messages - 1)
    return undefined
  }

  /** Forgets an app that is gone. */
  forget(realm: string): void {
    this.#apps.delete(realm)
  }

  #ofToken({ publishRates }: AppCaller, channel: string, messages: number): Failure | undefined {
    const perSecond = publishRates.for(channel)
    if (perSecond === undefined) return undefined
    const rate: Rate = { perSecond, burst: Math.max(1, perSecond) }
    const now = this.#parts.clock.elapsed()
    const bucket = this.#tokenBucket(publishRates, channel, rate, now)
    for (let i = 0; i < messages; i++) {
      if (perSecond <= 0 || !take(bucket, rate, now))
        return failure('rate_limited', `the token permits ${perSecond} messages a second here`)
    }
    return undefined
  }

  #tokenBucket(claims: object, channel: string, rate: Rate, now: number): Bucket {
    const channels = this.#tokens.get(claims) ?? new Map<string, Bucket>()
    this.#tokens.set(claims, channels)
    if (channels.size >= SWEEP_AT) {
      for (const [name, bucket] of channels) if (isRested(bucket, rate, now)) channels.delete(name)
    }
    const bucket = channels.get(channel) ?? fullBucket(rate, now)
    channels.set(channel, bucket)
    return bucket
  }
}
