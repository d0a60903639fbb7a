/** What a token says about its holder, whichever kind of token it is, and the limits on its life. */
import type { Capability } from '../policy/capability/capability.ts'
import type { ChannelClaims } from '../policy/channel-claims.ts'

export const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

export const DEFAULT_TTL_MS = HOUR_MS
/** The longest life of any token: so long must a revocation be remembered. */
export const LONGEST_TTL_MS = 24 * HOUR_MS
/** Tokens that can be revoked are to be short-lived (https://ably.com/docs/auth/revocation). */
const MAX_REVOCABLE_TTL_MS = HOUR_MS

/** How far the clocks of others may be from ours (RSA9d; https://ably.com/docs/auth/token). */
export const CLOCK_SKEW_MS = 2 * MINUTE_MS

/** The client id of a token whose holder may take any (RSA7b). */
export const ANY_CLIENT = '*'

export interface TokenClaims {
  readonly method: 'token' | 'jwt'
  readonly appId: string
  readonly keyId: string
  /** Milliseconds since the epoch, as is `expires`. */
  readonly issued: number
  /** Its number in the order of issue; undefined for a JWT, and for tokens of older versions of the program. */
  readonly number?: number | undefined
  readonly expires: number
  /** Undefined for all that the key may. */
  readonly capability: Capability | undefined
  /** `*` for any; undefined for a holder who has none and may not take one. */
  readonly clientId: string | undefined
  readonly revocationKey?: string
  /** By channel pattern, claims about the holder that are passed on with what they publish. */
  readonly userClaims: ChannelClaims<string>
  /** By channel pattern, messages a second that one attachment may publish. */
  readonly publishRates: ChannelClaims<number>
}

/** The longest life of a token of a key, in milliseconds. */
export function maxTtl(key: { readonly revocableTokens: boolean }): number {
  return key.revocableTokens ? MAX_REVOCABLE_TTL_MS : LONGEST_TTL_MS
}
