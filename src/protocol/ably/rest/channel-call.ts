/** What every request about a channel begins with: who asks, for which channel, and whether they may. */
import type { AppCounters, Traffic } from '../../../core/app-counters.ts'
import type { AppChannel } from '../../../core/app-channel.ts'
import type { Broker } from '../../../core/broker.ts'
import { messageSize } from '../../../core/message-size.ts'
import type { Publisher } from '../../../core/publisher.ts'
import { type ChannelRef, channelRef } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import type { Authenticator } from '../../../identity/authenticate.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import type { Operation } from '../../../policy/capability/operations.ts'
import { ruleRefusal } from '../../../policy/channel-rule.ts'
import type { Connections } from '../connections.ts'
import { parseChannelName } from '../wire/channel-name.ts'
import type { MessageLimits } from '../wire/members.ts'
import { capabilityRefusal, identify } from './authorize.ts'
import type { PublishRates } from './publish-rates.ts'
import type { RestCall } from './routes.ts'

export interface ChannelParts {
  readonly authenticator: Authenticator
  readonly broker: Broker
  readonly publisher: Publisher
  readonly connections: Connections
  readonly rates: PublishRates
  readonly counters: AppCounters
  readonly limits: MessageLimits
}

/** Somebody at a channel. */
export interface Visitor {
  readonly principal: AppPrincipal
  readonly channel: ChannelRef
  readonly secure: boolean
}

/**
 * Whoever asks about the channel that the path names, if they may do this on it. A promise only where a
 * signature has to be checked.
 * @param operation left out where what they may do depends on more
 */
export function visit(
  parts: ChannelParts,
  call: RestCall,
  operation?: Operation,
): Result<Visitor> | Promise<Result<Visitor>> {
  const principal = identify(parts.authenticator, call)
  return principal instanceof Promise
    ? principal.then((found) => enter(parts, call, operation, found))
    : enter(parts, call, operation, principal)
}

function enter(
  parts: ChannelParts,
  call: RestCall,
  operation: Operation | undefined,
  principal: Result<AppPrincipal>,
): Result<Visitor> {
  return principal.ok
    ? visitChannel(parts, principal.value, call, call.params['channel']!, operation)
    : principal
}

/** The same for one channel of several. */
export function visitChannel(
  { broker }: ChannelParts,
  principal: AppPrincipal,
  { secure }: Pick<RestCall, 'secure'>,
  name: string,
  operation?: Operation,
): Result<Visitor> {
  const parsed = parseChannelName(name)
  if (!parsed.ok) return parsed
  if (parsed.value.qualifier !== 'none')
    return fail('bad_channel', 'channels with a qualifier can only be subscribed to')
  const channel = channelRef(principal.appId, parsed.value.name)
  const refusal =
    (operation && capabilityRefusal(principal, operation, channel.name)) ??
    ruleRefusal(broker.rule(channel), { secure, isIdentified: true })
  return refusal ? { ok: false, failure: refusal } : ok({ principal, channel, secure })
}

/** The newest position of a channel, so that the pages of a growing list agree on where it ends. */
export function headOf(channel: AppChannel | undefined): Readonly<Record<string, string>> {
  return channel ? { from_serial: channel.recent.head } : {}
}

/** Counts contents that went one way, together. */
export function countTraffic(traffic: Traffic, contents: readonly Content[]): void {
  traffic.count += contents.length
  for (const content of contents) traffic.data += messageSize(content)
}

/** What a message or member holds, of which the size is counted. */
export type Content = Parameters<typeof messageSize>[0]
