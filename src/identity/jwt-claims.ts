/** The claims of a JWT whose signature was found right, as in https://ably.com/docs/auth/token/jwt. */
import { type Result, fail, ok } from '../failure.ts'
import { boundsFault } from '../policy/capability/bounds.ts'
import {
  type Capability,
  parseCapability,
  readCapability,
} from '../policy/capability/capability.ts'
import { ChannelClaims } from '../policy/channel-claims.ts'
import { roomClaimPattern } from '../policy/chat-room.ts'
import { type TokenClaims, CLOCK_SKEW_MS, SECOND_MS, maxTtl } from './claims.ts'
import type { DirectoryKey } from './directory.ts'
import type { JsonObject } from './jwt.ts'

const USER_CLAIM = 'ably.channel.'
/** The same for a room of Ably Chat. */
const ROOM_CLAIM = 'ably.room.'
const PUBLISH_RATE = 'ably.limits.publish.perAttachment.maxRate.'

/** @param now milliseconds since the epoch */
export function readJwtClaims(
  claims: JsonObject,
  key: DirectoryKey,
  now: number,
): Result<TokenClaims> {
  const life = readLife(claims, key, now)
  if (!life.ok) return life
  const capability = readJwtCapability(claims['x-ably-capability'] ?? undefined)
  if (!capability.ok) return capability
  const clientId = readClientId(claims['x-ably-clientId'] ?? undefined)
  if (!clientId.ok) return clientId
  const revocationKey = claims['x-ably-revocation-key'] ?? undefined
  if (revocationKey !== undefined && typeof revocationKey !== 'string')
    return wrong('x-ably-revocation-key', 'is not a string')
  const scoped = readScoped(claims)
  if (!scoped.ok) return scoped
  return ok({
    method: 'jwt',
    appId: key.appId,
    keyId: key.id,
    ...life.value,
    capability: capability.value,
    clientId: clientId.value,
    ...(revocationKey !== undefined && { revocationKey }),
    ...scoped.value,
  })
}

function wrong<T>(claim: string, what: string): Result<T> {
  return fail('jwt_claims_invalid', `invalid JWT format: the claim "${claim}" ${what}`)
}

/** The moment of expiry that the claims state, in milliseconds since the epoch; undefined if they state none. */
export function statedExpiry(claims: JsonObject | undefined): number | undefined {
  return readMoment(claims?.['exp'])
}

function readMoment(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.floor(value * SECOND_MS)
    : undefined
}

function readLife(
  claims: JsonObject,
  key: DirectoryKey,
  now: number,
): Result<{ issued: number; expires: number }> {
  const issued = readMoment(claims['iat'])
  if (issued === undefined) return wrong('iat', 'is missing or not a number of seconds')
  const expires = statedExpiry(claims)
  if (expires === undefined) return wrong('exp', 'is missing or not a number of seconds')
  if (expires <= now) return fail('token_expired')
  const notBefore = readMoment(claims['nbf'])
  if (notBefore !== undefined && notBefore > now + CLOCK_SKEW_MS)
    return wrong('nbf', 'says that the token is not valid yet')
  const longest = maxTtl(key)
  // A moment of issue that lies ahead must not make the token live on for much longer than that either.
  if (expires - issued > longest || expires - now > longest + CLOCK_SKEW_MS)
    return fail('ttl_invalid', `the token is valid for longer than ${longest / SECOND_MS} seconds`)
  return ok({ issued, expires })
}

function readJwtCapability(value: unknown): Result<Capability | undefined> {
  if (value === undefined) return ok(undefined)
  if (typeof value === 'string') return parseCapability(value)
  // What the vendor's own command line makes.
  if (typeof value === 'object' && value !== null) return readCapability(value)
  return wrong('x-ably-capability', 'is neither a string of JSON nor an object')
}

function readClientId(value: unknown): Result<string | undefined> {
  if (value === undefined || (isText(value) && value !== '')) return ok(value)
  return fail('client_id_invalid', 'the claim "x-ably-clientId" is empty or not a string')
}

/** Half of a surrogate pair would be another character for whoever reads it in UTF-8. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

/** Claims whose name ends in a channel pattern. One that cannot be read is refused: it may be a limit. */
function readScoped(claims: JsonObject): Result<Pick<TokenClaims, 'userClaims' | 'publishRates'>> {
  const userClaims = new Map<string, string>()
  const publishRates = new Map<string, number>()
  for (const [name, value] of Object.entries(claims)) {
    if (name.startsWith(USER_CLAIM)) {
      if (!isText(value)) return wrong(name, 'is not a string')
      userClaims.set(name.slice(USER_CLAIM.length), value)
    } else if (name.startsWith(ROOM_CLAIM)) {
      if (!isText(value)) return wrong(name, 'is not a string')
      userClaims.set(roomClaimPattern(name.slice(ROOM_CLAIM.length)), value)
    } else if (name.startsWith(PUBLISH_RATE)) {
      if (typeof value !== 'number' || value < 0) return wrong(name, 'is not a rate')
      publishRates.set(name.slice(PUBLISH_RATE.length), value)
    }
  }
  const fault = boundsFault([...userClaims.keys()]) ?? boundsFault([...publishRates.keys()])
  if (fault !== undefined)
    return fail('jwt_claims_invalid', `invalid JWT format: the claims about channels have ${fault}`)
  return ok({
    userClaims: new ChannelClaims(userClaims),
    publishRates: new ChannelClaims(publishRates),
  })
}
