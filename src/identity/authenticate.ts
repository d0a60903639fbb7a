/** Who is behind a request or connection of an Ably client. Nothing here reads the database. */
import type { Clock } from '../core/clock.ts'
import { SettledDate } from '../core/time/settled-date.ts'
import { type Failure, type Result, fail, failure } from '../failure.ts'
import { NO_CLAIMS } from '../policy/channel-claims.ts'
import type { Credential, Credentials } from './credentials.ts'
import type { Directory, DirectoryKey, SecretUses } from './directory.ts'
import { type RequestContext, findApiKey, refusalToUse } from './key-check.ts'
import type { NativeTokens } from './native-token.ts'
import type { AppPrincipal } from './principal.ts'
import { type Holder, ProvenCredential } from './proven.ts'
import { TextCache } from './text-cache.ts'
import { type VerifiedToken, TokenVerifier } from './token-verifier.ts'

/** Letters of remembered keys, and of tokens. Only proven ones are remembered, so no stranger can fill the cache. */
const MAX_LETTERS = 8_000_000
/** A node of a trie takes about a hundred bytes, so that all of them together may take three times as much as texts. */
const LETTERS_PER_NODE = 32

export interface AuthenticationContext extends RequestContext {
  /** Whether a token that is not known may be verified, which costs more than all else; left out, it may. */
  mayVerify?(): boolean
}

export class Authenticator {
  readonly #directory: Directory
  readonly #uses: SecretUses
  readonly #clock: Clock
  readonly #date: SettledDate
  readonly #verifier: TokenVerifier
  /** Two caches, so that a key is never accepted where a token is expected. */
  readonly #proven = {
    key: new TextCache<ProvenCredential>(MAX_LETTERS),
    token: new TextCache<ProvenCredential>(MAX_LETTERS),
  } as const

  constructor(directory: Directory, tokens: NativeTokens, uses: SecretUses, clock: Clock) {
    this.#directory = directory
    this.#uses = uses
    this.#clock = clock
    this.#date = new SettledDate(clock)
    this.#verifier = new TokenVerifier(directory, tokens, clock)
  }

  /** Of what is asked about apps, keys and revocations. */
  get generation(): number {
    return this.#directory.generation
  }

  /**
   * Whether somebody who was admitted would be so again, as it can be told without looking: nothing has changed since
   * but the time, and neither they nor their app end with time.
   * @param generation as it was before they were admitted
   */
  stillAdmits({ appId, expires }: AppPrincipal, generation: number): boolean {
    const directory = this.#directory
    return (
      generation === directory.generation &&
      expires === undefined &&
      directory.app(appId)?.expiresAt === undefined
    )
  }

  /** A promise only for a JWT that is seen for the first time, because its signature is checked asynchronously. */
  authenticate(
    { credential, clientId }: Credentials,
    context: AuthenticationContext,
  ): Result<AppPrincipal> | Promise<Result<AppPrincipal>> {
    if (!credential) return fail('credentials_missing')
    const { kind, text } = credential
    const known = this.#proven[kind].get(text)
    // A changed key is another object: what it now permits, and whether it still signs so, is worked out anew.
    if (known && this.#directory.key(known.key.name) === known.key) {
      if (known.secretIndex !== undefined) this.#uses.note(known.key, known.secretIndex)
      return this.#admit(credential, known, clientId, context)
    }
    if (kind === 'token')
      return context.mayVerify?.() === false
        ? fail('attempt_rate')
        : this.#withToken(credential, clientId, context)
    const found = findApiKey(text, this.#directory)
    if (!found.ok) return found
    const { key, secretIndex } = found.value
    this.#uses.note(key, secretIndex)
    const proven = new ProvenCredential(key, secretIndex, keyHolder(key))
    return this.#keep(credential, proven, clientId, context)
  }

  #withToken(
    credential: Credential,
    clientId: string | undefined,
    context: AuthenticationContext,
  ): Result<AppPrincipal> | Promise<Result<AppPrincipal>> {
    const verdict = this.#verifier.verify(credential.text)
    if (!(verdict instanceof Promise))
      return this.#afterVerdict(credential, verdict, clientId, context)
    return verdict.then((found) => {
      // The key may have changed in the meantime.
      const stale = found.ok && this.#directory.key(found.value.key.name) !== found.value.key
      return stale
        ? this.#withToken(credential, clientId, context)
        : this.#afterVerdict(credential, found, clientId, context)
    })
  }

  #afterVerdict(
    credential: Credential,
    verdict: Result<VerifiedToken>,
    clientId: string | undefined,
    context: AuthenticationContext,
  ): Result<AppPrincipal> {
    if (!verdict.ok) return verdict
    const { key, secretIndex, holder } = verdict.value
    if (secretIndex !== undefined) this.#uses.note(key, secretIndex)
    return this.#keep(credential, new ProvenCredential(key, secretIndex, holder), clientId, context)
  }

  #keep(
    credential: Credential,
    proven: ProvenCredential,
    clientId: string | undefined,
    context: AuthenticationContext,
  ): Result<AppPrincipal> {
    const admitted = this.#admit(credential, proven, clientId, context)
    if (admitted.ok) {
      const { kind, text } = credential
      this.#proven[kind].set(text, proven, kind === 'token' ? lettersOf(proven.holder) : 0)
    }
    return admitted
  }

  /** The checks that can fail for a known credential: time, revocation, connection and client id. */
  #admit(
    { kind, text }: Credential,
    proven: ProvenCredential,
    clientId: string | undefined,
    context: AuthenticationContext,
  ): Result<AppPrincipal> {
    const refusal =
      refusalOfHolder(proven.holder, this.#directory, this.#clock) ??
      refusalToUse(proven.key, this.#directory, context, this.#date)
    if (refusal) {
      this.#proven[kind].delete(text)
      return { ok: false, failure: refusal }
    }
    return proven.principal(clientId)
  }
}

/** What is kept of a token beside its text, which can be far more: a node for each segment. */
function lettersOf({ checker, userClaims, publishRates }: Holder): number {
  return LETTERS_PER_NODE * (checker.nodes + userClaims.nodes + publishRates.nodes)
}

function keyHolder(key: DirectoryKey): Holder {
  return {
    kind: 'app',
    appId: key.appId,
    keyId: key.id,
    method: 'basic',
    capability: key.capability,
    checker: key.checker,
    userClaims: NO_CLAIMS,
    publishRates: NO_CLAIMS,
  }
}

/** Keys neither expire nor are they revoked as tokens are. */
function refusalOfHolder(holder: Holder, directory: Directory, clock: Clock): Failure | undefined {
  if (holder.expires === undefined) return undefined
  const now = clock.now()
  if (holder.expires <= now) return failure('token_expired')
  return directory.revocations.isRevoked(holder, now) ? failure('token_revoked') : undefined
}
