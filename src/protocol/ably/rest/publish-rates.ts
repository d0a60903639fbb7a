/** How fast the holder of a token may publish over REST, where the token itself sets a rate. */
import { type Failure, failure } from '../../../failure.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import { claimFor } from '../../../policy/channel-claims.ts'
import { type Bucket, type Rate, fullBucket, isRested, take } from '../../../policy/limits.ts'

/** So many channels of one token are remembered before those that went quiet are looked for. */
const SWEEP_AT = 1000

export class PublishRates {
  readonly #now: () => number
  /** By the claims of a token, which are one object for all requests with it, and then by channel. */
  readonly #tokens = new WeakMap<object, Map<string, Bucket>>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Counts messages, and says whether they are too many. */
  refuse({ publishRates }: AppPrincipal, channel: string, messages: number): Failure | undefined {
    const perSecond = claimFor(publishRates, channel)
    if (perSecond === undefined) return undefined
    const rate: Rate = { perSecond, burst: Math.max(1, perSecond) }
    const bucket = this.#bucket(publishRates, channel, rate)
    for (let i = 0; i < messages; i++) {
      if (perSecond <= 0 || !take(bucket, rate, this.#now()))
        return failure('rate_limited', `the token permits ${perSecond} messages a second here`)
    }
    return undefined
  }

  #bucket(claims: object, channel: string, rate: Rate): Bucket {
    const now = this.#now()
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
