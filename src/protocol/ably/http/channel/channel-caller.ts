/** The start of every request about a channel: authenticates the caller, parses the name, and asks the gate. */
import type { AppChannels } from '../../../../cluster/app-channels.ts'
import type { Histories } from '../../../../core/history/histories.ts'
import type { Acts } from '../../../../core/access/acts.ts'
import type { Place } from '../../../../core/access/caller.ts'
import type { AppCounters } from '../../../../core/counting/app-counters.ts'
import type { Channel } from '../../../../core/channel/channel.ts'
import type { FairTurns } from '../../../../core/time/fair-turns.ts'
import type { Registry } from '../../../../core/registry/registry.ts'
import type { Soon } from '../../../../core/soon.ts'
import { channelRef } from '../../../../core/types.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import type { Authenticator } from '../../../../identity/authenticate.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { Operation } from '../../../../policy/capability/operations.ts'
import { largestText } from '../../../../policy/rate-limits.ts'
import type { ConnectionFinder } from '../../connection/live-connections.ts'
import { parseChannelName } from '../../wire/channel-name.ts'
import type { MessageLimits } from '../../wire/members.ts'
import { identify } from '../authorize.ts'
import type { RestCall } from '../router.ts'

export interface ChannelParts {
  readonly authenticator: Authenticator
  readonly acts: Acts
  readonly registry: Registry
  readonly histories: Histories
  readonly connections: ConnectionFinder
  /** What other nodes have of channels, too. */
  readonly appChannels: AppChannels
  readonly counters: AppCounters
  readonly limits: MessageLimits
  /** Runs long work in pieces, fairly among all requests. */
  readonly turns: FairTurns
}

/** The authenticated caller of a request, with the channel that it is about. */
export interface ChannelCaller extends Place {
  readonly principal: AppPrincipal
}

/**
 * Authenticates a request about the channel in its path, and asks the gate. A promise only if a signature has to be
 * verified.
 * @param operation left out if it depends on the body
 */
export function identifyOnChannel(
  parts: ChannelParts,
  call: RestCall,
  operation?: Operation,
): Soon<Result<ChannelCaller>> {
  const principal = identify(parts.authenticator, call)
  return principal instanceof Promise
    ? principal.then((found) => enterNamed(parts, call, operation, found))
    : enterNamed(parts, call, operation, principal)
}

function enterNamed(
  parts: ChannelParts,
  call: RestCall,
  operation: Operation | undefined,
  principal: Result<AppPrincipal>,
): Result<ChannelCaller> {
  if (!principal.ok) return principal
  const caller = callerOf(principal.value, call, call.params['channel']!, operation)
  return enterChannel(parts, caller, operation)
}

/**
 * The caller of a request about a channel. `enterChannel` says whether they may.
 * @returns `bad_channel` for a name with a qualifier that the operation does not allow
 */
export function callerOf(
  principal: AppPrincipal,
  { allowance, secure }: Pick<RestCall, 'allowance' | 'secure'>,
  name: string,
  operation: Operation | undefined,
): Result<ChannelCaller> {
  const parsed = parseChannelName(name)
  if (!parsed.ok) return parsed
  const { qualifier, name: plain, resource } = parsed.value
  // Meta channels have history, so they can be read.
  const isRead = qualifier === 'meta' && operation === 'history'
  if (qualifier !== 'none' && !isRead)
    return fail('bad_channel', 'channels with a qualifier can only be subscribed to')
  const channel = channelRef(principal.appId, isRead ? resource : plain)
  return ok({ principal, channel, resource, secure, allowance })
}

/** @returns the caller, if they may do this on the channel */
export function enterChannel(
  { acts }: Pick<ChannelParts, 'acts'>,
  caller: Result<ChannelCaller>,
  operation: Operation | undefined,
): Result<ChannelCaller> {
  if (!caller.ok) return caller
  const refusal = acts.gate.enter(caller.value.principal, caller.value, operation)
  return refusal ? { ok: false, failure: refusal } : caller
}

/**
 * Authenticates the caller again after a wait. Whether they may do what they ask for is decided by the act itself.
 */
export function identifyAgain(
  { authenticator }: ChannelParts,
  call: RestCall,
  caller: ChannelCaller,
): Soon<Result<ChannelCaller>> {
  const found = identify(authenticator, call)
  return found instanceof Promise
    ? found.then((principal) => asBefore(caller, principal))
    : asBefore(caller, found)
}

function asBefore(caller: ChannelCaller, found: Result<AppPrincipal>): Result<ChannelCaller> {
  if (!found.ok) return found
  const { value: principal } = found
  return ok(principal === caller.principal ? caller : { ...caller, principal })
}

/** A link parameter with the newest position of a channel, so that pages do not shift while the list grows. */
export function headOf(channel: Channel | undefined): Readonly<Record<string, string>> {
  return channel ? { from_serial: channel.recent.head } : {}
}

/** The limit of a request body: the largest messages with every character escaped, which is more than base64 takes. */
export function bodyLimit({ limits }: ChannelParts): number {
  return largestText(limits.maxMessageBytes)
}
