/** Finds out what a token permits: native or a JWT, and JWTs that only carry another token. */
import type { Clock } from '../core/clock.ts'
import { type Failure, type Result, fail, ok } from '../failure.ts'
import { CapabilityChecker } from '../policy/capability/checker.ts'
import { intersect } from '../policy/capability/intersection.ts'
import { noCommonGround } from './capability-gap.ts'
import type { TokenClaims } from './claims.ts'
import type { Directory, DirectoryKey } from './directory.ts'
import { type Jwt, isAlgorithm, isSignedWith, looksLikeJwt, parseJwt } from './jwt.ts'
import { readJwtClaims, statedExpiry } from './jwt-claims.ts'
import { MAX_TOKEN_LENGTH, MIN_TOKEN_LETTERS, type NativeTokens } from './native-token.ts'
import type { Holder } from './proven.ts'

/** How deep tokens may be embedded in JWTs. */
const MAX_DEPTH = 2

/** What a token was found to be. It holds while its key is the same object in the directory. */
export interface VerifiedToken {
  readonly key: DirectoryKey
  /** Which secret of the key signed it; undefined for a native token. */
  readonly secretIndex: number | undefined
  readonly holder: TokenHolder
}

export type TokenHolder = Holder & { readonly expires: number }

export class TokenVerifier {
  readonly #directory: Directory
  readonly #tokens: NativeTokens
  readonly #clock: Clock

  constructor(directory: Directory, tokens: NativeTokens, clock: Clock) {
    this.#directory = directory
    this.#tokens = tokens
    this.#clock = clock
  }

  /** Says nothing about expiry of native tokens, revocation, or the state of the key and its app. */
  verify(text: string): Result<VerifiedToken> | Promise<Result<VerifiedToken>> {
    return this.#verify(text, 1)
  }

  #verify(text: string, depth: number): Result<VerifiedToken> | Promise<Result<VerifiedToken>> {
    if (text.length > MAX_TOKEN_LENGTH) return fail('token_malformed', 'the token is too long')
    return looksLikeJwt(text) ? this.#verifyJwt(text, depth) : this.#verifyNative(text)
  }

  #verifyNative(text: string): Result<VerifiedToken> {
    const read = this.#tokens.read(text)
    if (!read.ok) return this.#unread(text, read.failure)
    const claims = read.value
    const key = this.#directory.key(`${claims.appId}.${claims.keyId}`)
    if (key) return grant(claims, key, undefined)
    return fail(this.#directory.app(claims.appId) ? 'key_revoked' : 'token_unrecognised')
  }

  /**
   * What names an app of this server and is too short for any token of it is made up: its client would come with the
   * next of that kind for ever, if it were asked for another. One of another version or service is worth the question.
   */
  #unread(text: string, why: Failure): Result<VerifiedToken> {
    const [appId = '', rest = ''] = text.split('.')
    const isMadeUp = rest.length < MIN_TOKEN_LETTERS && this.#directory.app(appId) !== undefined
    return why.name === 'token_unreadable' && isMadeUp
      ? fail('credentials_wrong', why.message)
      : { ok: false, failure: why }
  }

  async #verifyJwt(text: string, depth: number): Promise<Result<VerifiedToken>> {
    const jwt = parseJwt(text)
    if (!jwt.ok) return jwt
    const { embedded } = jwt.value
    return embedded === undefined
      ? this.#verifySigned(jwt.value)
      : this.#verifyEmbedded(jwt.value, embedded, depth)
  }

  /** The outside is not ours to verify; it can only shorten the life of what is inside. */
  async #verifyEmbedded(
    { claims }: Jwt,
    embedded: string,
    depth: number,
  ): Promise<Result<VerifiedToken>> {
    if (depth === MAX_DEPTH)
      return fail('jwt_invalid', 'invalid JWT format: tokens are nested too deeply')
    const inner = await this.#verify(embedded, depth + 1)
    const outerExpiry = statedExpiry(claims)
    if (!inner.ok || outerExpiry === undefined) return inner
    const { holder } = inner.value
    const expires = Math.min(holder.expires, outerExpiry)
    return ok({ ...inner.value, holder: { ...holder, expires } })
  }

  async #verifySigned(jwt: Jwt): Promise<Result<VerifiedToken>> {
    if (jwt.keyName === undefined)
      return fail('jwt_invalid', 'invalid JWT format: "kid" in the header names no API key')
    if (!jwt.claims || !isAlgorithm(jwt.algorithm))
      return fail('jwt_invalid', 'invalid JWT format: it is not signed with HS256, HS384 or HS512')
    const key = this.#directory.key(jwt.keyName)
    if (!key) return fail('key_not_found')
    const secretIndex = await secretIndexOfSigner(jwt, key)
    if (secretIndex === undefined)
      return fail(
        'jwt_invalid',
        'invalid JWT format: signature verification failed, it is not one of the API key',
      )
    const claims = readJwtClaims(jwt.claims, key, this.#clock.now())
    return claims.ok ? grant(claims.value, key, secretIndex) : claims
  }
}

async function secretIndexOfSigner(jwt: Jwt, key: DirectoryKey): Promise<number | undefined> {
  for (const [secretIndex, secret] of key.secrets.entries()) {
    if (await isSignedWith(jwt, secret)) return secretIndex
  }
  return undefined
}

/** A token permits what both it and its key, as it is now, permit. */
function grant(
  claims: TokenClaims,
  key: DirectoryKey,
  secretIndex: number | undefined,
): Result<VerifiedToken> {
  const { capability: named, clientId, ...others } = claims
  const both = named ? intersect(named, key.capability) : ok(key.capability)
  if (!both.ok) return both
  const capability = both.value
  if (capability.size === 0)
    return fail(
      'capability_refused',
      'the API key permits nothing of what the token asks for',
      () => noCommonGround(key, named ?? key.capability),
    )
  const checker = named ? new CapabilityChecker(capability) : key.checker
  const tokenResources = [...(named ?? key.capability).keys()]
  const token = { tokenClientId: clientId, tokenResources, capability, checker }
  return ok({ key, secretIndex, holder: { kind: 'app', ...others, ...token } })
}
