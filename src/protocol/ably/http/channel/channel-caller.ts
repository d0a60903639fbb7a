/** What every request about a channel begins with: who asks, and for which channel. Whether they may, the gate says. */
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
  readonly counters: AppCounters
  readonly limits: MessageLimits
  /** Where what takes long is done bit by bit. */
  readonly turns: FairTurns
}

/** Somebody who asks about a channel. */
export interface ChannelCaller extends Place {
  readonly principal: AppPrincipal
}

/**
 * Whoever asks about the channel that the path names, if they may do this on it. A promise only where a
 * signature has to be checked.
 * @param operation left out where what they may do depends on more
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
 * Somebody who asks about the channel of a name. Whether they may, `enterChannel` says.
 * @returns `bad_channel` for a name under which nothing can be done that they ask for
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
  // What the server says on channels about channels is remembered for a while like anything else.
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
 * The same caller after a wait, if their credentials still count; whether they may do what they came for, the act
 * itself asks.
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

/** The newest position of a channel, so that the pages of a growing list agree on where it ends. */
export function headOf(channel: Channel | undefined): Readonly<Record<string, string>> {
  return channel ? { from_serial: channel.recent.head } : {}
}

/** What the largest messages come to as text of which every character is escaped; base64 takes less. */
export function bodyLimit({ limits }: ChannelParts): number {
  return largestText(limits.maxMessageBytes)
}
