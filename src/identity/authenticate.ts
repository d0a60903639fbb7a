/** Who is behind a request or connection of an Ably client. Nothing here reads the database. */
import type { Clock } from '../core/clock.ts'
import { type Failure, type Result, fail, failure, ok } from '../failure.ts'
import { CredentialCache } from './credential-cache.ts'
import type { Credentials } from './credentials.ts'
import type { Directory, SecretUses } from './directory.ts'
import { type FoundKey, findApiKey, refusalToUse } from './key-check.ts'
import type { NativeTokens } from './native-token.ts'
import { type AppPrincipal, identifyKeyHolder, identifyTokenHolder } from './principal.ts'
import { type TokenHolder, type VerifiedToken, TokenVerifier } from './token-verifier.ts'

const NOTHING = new Map<string, never>()

export interface Context {
  /** Whether the request came over TLS. */
  readonly secure: boolean
}

export class Authenticator {
  readonly #directory: Directory
  readonly #uses: SecretUses
  readonly #clock: Clock
  readonly #verifier: TokenVerifier
  readonly #verified = new CredentialCache<VerifiedToken>()
  readonly #keys = new CredentialCache<FoundKey>()

  constructor(directory: Directory, tokens: NativeTokens, uses: SecretUses, clock: Clock) {
    this.#directory = directory
    this.#uses = uses
    this.#clock = clock
    this.#verifier = new TokenVerifier(directory, tokens, clock)
  }

  /** A promise only for a JWT that is seen for the first time, because its signature is checked asynchronously. */
  authenticate(
    { credential, clientId }: Credentials,
    context: Context,
  ): Result<AppPrincipal> | Promise<Result<AppPrincipal>> {
    if (!credential) return fail('credentials_missing')
    if (credential.kind === 'key') return this.#withKey(credential.text, clientId, context)
    return this.#withToken(credential.text, clientId, context)
  }

  #withKey(text: string, clientId: string | undefined, { secure }: Context): Result<AppPrincipal> {
    const found = this.#findKey(text)
    if (!found.ok) return found
    const { key, place } = found.value
    this.#uses.note(key, place)
    const refusal = refusalToUse(key, this.#directory, secure, this.#clock.now())
    if (refusal) return { ok: false, failure: refusal }
    return ok({
      kind: 'app',
      appId: key.appId,
      keyId: key.id,
      method: 'basic',
      ...identifyKeyHolder(clientId),
      capability: key.capability,
      checker: key.checker,
      userClaims: NOTHING,
      publishRates: NOTHING,
    })
  }

  #findKey(text: string): Result<FoundKey> {
    const known = this.#keys.get(text)
    // A changed key is another object, which may have other secrets.
    if (known && this.#directory.key(known.key.name) === known.key) return ok(known)
    const found = findApiKey(text, this.#directory)
    if (found.ok) this.#keys.set(text, found.value)
    return found
  }

  #withToken(
    text: string,
    clientId: string | undefined,
    context: Context,
  ): Result<AppPrincipal> | Promise<Result<AppPrincipal>> {
    const known = this.#verified.get(text)
    // A changed key is another object: what it now permits, and whether it still signs so, is worked out anew.
    if (known && this.#directory.key(known.key.name) === known.key)
      return this.#admit(text, known, clientId, context)
    const verdict = this.#verifier.verify(text)
    if (!(verdict instanceof Promise)) return this.#keep(text, verdict, clientId, context)
    return verdict.then((found) => {
      // The key may have changed in the meantime.
      const stale = found.ok && this.#directory.key(found.value.key.name) !== found.value.key
      return stale
        ? this.#withToken(text, clientId, context)
        : this.#keep(text, found, clientId, context)
    })
  }

  #keep(
    text: string,
    verdict: Result<VerifiedToken>,
    clientId: string | undefined,
    context: Context,
  ): Result<AppPrincipal> {
    if (!verdict.ok) return verdict
    const admitted = this.#admit(text, verdict.value, clientId, context)
    if (admitted.ok) this.#verified.set(text, verdict.value)
    return admitted
  }

  /** What may be otherwise at every request, though the token and its key are the same. */
  #admit(
    text: string,
    { key, place, holder }: VerifiedToken,
    clientId: string | undefined,
    { secure }: Context,
  ): Result<AppPrincipal> {
    if (place !== undefined) this.#uses.note(key, place)
    const refusal =
      refusalOfHolder(holder, this.#directory, this.#clock.now()) ??
      refusalToUse(key, this.#directory, secure, this.#clock.now())
    if (refusal) {
      this.#verified.delete(text)
      return { ok: false, failure: refusal }
    }
    const identity = identifyTokenHolder(holder.tokenClientId, clientId)
    return identity.ok ? ok({ ...holder, ...identity.value }) : identity
  }
}

function refusalOfHolder(
  holder: TokenHolder,
  directory: Directory,
  now: number,
): Failure | undefined {
  if (holder.expires <= now) return failure('token_expired')
  return directory.revocations.isRevoked(holder, now) ? failure('token_revoked') : undefined
}
