/** The channel that a frame is about, if the client may do there what it wants. */
import type { AppChannel } from '../../../core/app-channel.ts'
import type { Broker } from '../../../core/broker.ts'
import type { Clock } from '../../../core/clock.ts'
import { type Modes, has } from '../../../core/modes.ts'
import type { ChannelRef } from '../../../core/types.ts'
import { type Failure, type Result, fail, failure, ok } from '../../../failure.ts'
import { type Operation, permits } from '../../../policy/capability/operations.ts'
import { ruleRefusal } from '../../../policy/channel-rule.ts'
import { type Bucket, type Rate, fullBucket, take } from '../../../policy/limits.ts'
import { type QualifiedName, parseChannelName } from '../wire/channel-name.ts'
import { type Attached, type Client, operationsOn, refOf } from './client.ts'

export interface Target {
  readonly name: QualifiedName
  readonly ref: ChannelRef
  /** Undefined for a client that publishes without having attached (RTL6c). */
  readonly attached: Attached | undefined
}

/** @returns `bad_channel`, or why it is not permitted */
export function targetOf(
  client: Client,
  channel: string,
  wish: { readonly operation: Operation | undefined; readonly mode: Modes },
): Result<Target> {
  const attached = client.attachments.get(channel)
  const named = attached ? ok(attached.name) : parseChannelName(channel)
  if (!named.ok) return named
  const name = named.value
  if (name.qualifier !== 'none')
    return fail('bad_channel', 'channels with a qualifier can only be subscribed to')
  const refusal = wish.operation && refusalOf(client, name, wish.operation)
  if (refusal) return { ok: false, failure: refusal }
  // The capability is asked first: it may have changed since the attachment, the mode has not (RTC8a).
  if (attached && !has(attached.options.modes, wish.mode)) return fail('channel_mode_refused')
  return ok({ name, ref: attached?.place.channel.ref ?? refOf(client, name), attached })
}

function refusalOf(client: Client, name: QualifiedName, operation: Operation): Failure | undefined {
  if (permits(operationsOn(client, name), operation)) return undefined
  return failure(
    'capability_refused',
    `the capability does not permit ${operation} on this channel`,
  )
}

/** What channels have against what is published on them: their rules, and that it is too much. */
export class ChannelGate {
  readonly #broker: Broker
  readonly #clock: Clock
  readonly #rate: Rate
  readonly #buckets = new WeakMap<AppChannel, Bucket>()

  /** @param rate of publishes on one channel, whoever they come from */
  constructor(broker: Broker, clock: Clock, rate: Rate) {
    this.#broker = broker
    this.#clock = clock
    this.#rate = rate
  }

  /** @param isIdentified whether all that is published has a client id */
  refuse(
    { connection }: Client,
    { attached, ref }: Target,
    isIdentified: boolean,
  ): Failure | undefined {
    const { secure } = connection.identified
    const refusal = ruleRefusal(this.#broker.rule(ref), { secure, isIdentified })
    if (refusal) return refusal
    const channel = attached?.place.channel ?? this.#broker.channel(ref)
    return !channel || this.#take(channel) ? undefined : failure('channel_rate')
  }

  #take(channel: AppChannel): boolean {
    if (this.#rate.perSecond === 0) return true
    const now = this.#clock.now()
    let bucket = this.#buckets.get(channel)
    if (!bucket) this.#buckets.set(channel, (bucket = fullBucket(this.#rate, now)))
    return take(bucket, this.#rate, now)
  }
}
