/** What every request about a channel begins with: who asks, and for which channel. Whether they may, the gate says. */
import type { Acts } from '../../../../core/access/acts.ts'
import type { Place } from '../../../../core/access/caller.ts'
import type { AppCounters } from '../../../../core/app-counters.ts'
import type { Channel } from '../../../../core/channel.ts'
import type { FairTurns } from '../../../../core/fair-turns.ts'
import type { Broker } from '../../../../core/broker.ts'
import { channelRef } from '../../../../core/types.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import type { Authenticator } from '../../../../identity/authenticate.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { Operation } from '../../../../policy/capability/operations.ts'
import { largestText } from '../../../../policy/rate-limits.ts'
import type { Connections } from '../../connection/live-connections.ts'
import { parseChannelName } from '../../wire/channel-name.ts'
import type { MessageLimits } from '../../wire/members.ts'
import { identify } from '../authorize.ts'
import type { RestCall } from '../router.ts'

export interface ChannelParts {
  readonly authenticator: Authenticator
  readonly acts: Acts
  readonly broker: Broker
  readonly connections: Connections
  readonly counters: AppCounters
  readonly limits: MessageLimits
  /** Where what takes long is done bit by bit. */
  readonly turns: FairTurns
}

/** Somebody at a channel. */
export interface Visitor extends Place {
  readonly principal: AppPrincipal
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
  { acts }: Pick<ChannelParts, 'acts'>,
  principal: AppPrincipal,
  { allowance, secure }: Pick<RestCall, 'allowance' | 'secure'>,
  name: string,
  operation?: Operation,
): Result<Visitor> {
  const parsed = parseChannelName(name)
  if (!parsed.ok) return parsed
  const { qualifier, name: plain, resource } = parsed.value
  // What the server says on channels about channels is remembered for a while like anything else.
  const isRead = qualifier === 'meta' && operation === 'history'
  if (qualifier !== 'none' && !isRead)
    return fail('bad_channel', 'channels with a qualifier can only be subscribed to')
  const channel = channelRef(principal.appId, isRead ? resource : plain)
  const visitor: Visitor = { principal, channel, resource, secure, allowance }
  const refusal = acts.gate.enter(principal, visitor, operation)
  return refusal ? { ok: false, failure: refusal } : ok(visitor)
}

/**
 * The same visitor after a wait, if their credentials still count; whether they may do what they came for, the act
 * itself asks.
 */
export function stillThere(
  { authenticator }: ChannelParts,
  call: RestCall,
  visitor: Visitor,
): Result<Visitor> | Promise<Result<Visitor>> {
  const found = identify(authenticator, call)
  return found instanceof Promise
    ? found.then((principal) => asBefore(visitor, principal))
    : asBefore(visitor, found)
}

function asBefore(visitor: Visitor, found: Result<AppPrincipal>): Result<Visitor> {
  if (!found.ok) return found
  const { value: principal } = found
  return ok(principal === visitor.principal ? visitor : { ...visitor, principal })
}

/** The newest position of a channel, so that the pages of a growing list agree on where it ends. */
export function headOf(channel: Channel | undefined): Readonly<Record<string, string>> {
  return channel ? { from_serial: channel.recent.head } : {}
}

/** What the largest messages come to as text of which every character is escaped; base64 takes less. */
export function bodyLimit({ limits }: ChannelParts): number {
  return largestText(limits.maxMessageBytes)
}
