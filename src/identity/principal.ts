/** Who is behind a request or connection of an Ably client, and the client id that they have. */
import { type Result, fail, ok } from '../failure.ts'
import type { Capability } from '../policy/capability/capability.ts'
import { CapabilityChecker } from '../policy/capability/checker.ts'
import { type ChannelClaims, NO_CLAIMS } from '../policy/channel-claims.ts'
import type { Identity } from '../policy/client-identity.ts'
import { ANY_CLIENT } from './claims.ts'
import type { Revocable } from './revocation.ts'

/** Its `tokenClientId` and `tokenResources` are those of the token; `clientId` and `capability` are what count. */
export interface AppPrincipal extends Revocable, Identity {
  readonly kind: 'app'
  readonly method: 'basic' | 'token' | 'jwt'
  readonly capability: Capability
  readonly checker: CapabilityChecker
  /** Milliseconds since the epoch; undefined for a key, which does not expire. */
  readonly expires?: number | undefined
  /** By channel pattern, claims about the holder that are passed on with what they publish. */
  readonly userClaims: ChannelClaims<string>
  /** By channel pattern, messages a second that one attachment may publish. */
  readonly publishRates: ChannelClaims<number>
}

/** What somebody has of whom only the name is known: nothing, until they show again who they are. */
export const WITHOUT_RIGHTS = {
  kind: 'app',
  method: 'basic',
  capability: new Map(),
  checker: new CapabilityChecker(new Map()),
  userClaims: NO_CLAIMS,
  publishRates: NO_CLAIMS,
} as const

/** Whoever has a key may be anybody, but is bound by a client id once claimed (RSA7e, RSL1m4). */
export function identifyKeyHolder(claimed: string | undefined): Identity {
  const clientId = claimed === ANY_CLIENT ? undefined : claimed
  return { clientId, mayAssumeClientId: clientId === undefined }
}

/**
 * What somebody claims has to be what their token says, unless that is everything (RSA15).
 * @param given the client id in the token
 */
export function identifyTokenHolder(
  given: string | undefined,
  claimed: string | undefined,
): Result<Identity> {
  if (given === ANY_CLIENT) {
    return ok({ clientId: claimed === ANY_CLIENT ? undefined : claimed, mayAssumeClientId: true })
  }
  if (claimed !== undefined && claimed !== given)
    return fail('client_id_mismatch', 'the client id is not that of the token')
  return ok({ clientId: given, mayAssumeClientId: false })
}
