/** Issues native tokens: for whoever signed a request or has the key, and for an operator (RSA8, RSA9). */
import { type Clock, momentOf } from '../core/clock.ts'
import type { Soon } from '../core/soon.ts'
import { SettledDate } from '../core/time/settled-date.ts'
import { type Failure, type Result, fail, failure, ok } from '../failure.ts'
import { canonicalText, parseCapability } from '../policy/capability/capability.ts'
import { intersect } from '../policy/capability/intersection.ts'
import { secretIndexWhere } from './api-key.ts'
import { noCommonGround } from './capability-gap.ts'
import { CLOCK_SKEW_MS, DEFAULT_TTL_MS, SECOND_MS, maxTtl } from './claims.ts'
import type { Credential } from './credentials.ts'
import type { Directory, DirectoryKey, SecretUses } from './directory.ts'
import { type RequestContext, type FoundKey, findApiKey, refusalToUse } from './key-check.ts'
import type { NativeTokens } from './native-token.ts'
import { type NonceStore, shortName } from './nonce-store.ts'
import { type Signed, type TokenRequest, isRequestSignedWith } from './token-request.ts'

export interface TokenWish {
  /** Milliseconds; undefined for an hour. */
  readonly ttl?: number | undefined
  /** JSON text; undefined for all that the key may. */
  readonly capability?: string | undefined
  /** `*` for any; undefined for none. */
  readonly clientId?: string | undefined
}

/** As SDKs expect it (TD1-TD6). */
export interface TokenDetails {
  readonly token: string
  readonly keyName: string
  /** Milliseconds since the epoch, as is `expires`. */
  readonly issued: number
  readonly expires: number
  /** Canonical JSON text. */
  readonly capability: string
  readonly clientId?: string
}

export interface TokenRequestContext extends RequestContext {
  /** Counts the request among those with the key. @returns why that is one too many */
  charge?(key: { readonly appId: string; readonly keyId: string }): Failure | undefined
}

/** Makes a token of a key; nothing is asked about the state of the key. */
export function issueToken(
  tokens: NativeTokens,
  key: DirectoryKey,
  wish: TokenWish,
  now: number,
): Result<TokenDetails> {
  const ttl = wish.ttl ?? DEFAULT_TTL_MS
  const longest = maxTtl(key)
  if (!Number.isSafeInteger(ttl) || ttl < 1 || ttl > longest)
    return fail('ttl_invalid', `"ttl" is not between 1 ms and ${longest / SECOND_MS} seconds`)
  const wanted =
    wish.capability === undefined ? ok(key.capability) : parseCapability(wish.capability)
  if (!wanted.ok) return wanted
  const both = intersect(wanted.value, key.capability)
  if (!both.ok) return both
  const capability = both.value
  if (capability.size === 0)
    return fail(
      'capability_refused',
      'the API key permits nothing of the capability asked for',
      () => noCommonGround(key, wanted.value),
    )
  const claims = { issued: now, expires: now + ttl, capability, clientId: wish.clientId }
  const token = tokens.issue({ appId: key.appId, keyId: key.id, ...claims })
  if (!token.ok) return token
  return ok({
    token: token.value,
    keyName: key.name,
    issued: claims.issued,
    expires: claims.expires,
    capability: canonicalText(capability),
    ...(wish.clientId !== undefined && { clientId: wish.clientId }),
  })
}

/** How long a token request can be accepted: from a timestamp ahead by the skew to one behind by as much. */
export const NONCE_KEPT_MS = 2 * CLOCK_SKEW_MS

export interface TokenIssuerParts {
  readonly directory: Directory
  readonly tokens: NativeTokens
  readonly uses: SecretUses
  readonly clock: Clock
  /** Keeps nonces for `NONCE_KEPT_MS`. */
  readonly nonces: NonceStore
  /**
   * Claims what no other node may do as well.
   * @returns whether nobody else has; a failure where that cannot be found out now
   */
  readonly once: (name: string, keepMs: number) => Soon<Result<boolean>>
}

const NOTED: Result<undefined> = Object.freeze(ok(undefined))

export class TokenIssuer {
  readonly #directory: Directory
  readonly #tokens: NativeTokens
  readonly #uses: SecretUses
  readonly #clock: Clock
  readonly #date: SettledDate
  readonly #nonces: NonceStore
  readonly #once: TokenIssuerParts['once']

  constructor({ directory, tokens, uses, clock, nonces, once }: TokenIssuerParts) {
    this.#nonces = nonces
    this.#once = once
    this.#directory = directory
    this.#tokens = tokens
    this.#uses = uses
    this.#clock = clock
    this.#date = new SettledDate(clock)
  }

  /**
   * Answers `POST /keys/{keyName}/requestToken`: a signed request once it is sure that it is answered but once.
   * @param credential of the request; does not matter where the body is signed
   * @param context how the request came, and who pays for it once they have shown who they are
   */
  answer(
    keyName: string,
    request: TokenRequest,
    credential: Credential | undefined,
    context: TokenRequestContext,
  ): Result<TokenDetails> | Promise<Result<TokenDetails>> {
    const { signed } = request
    const find = () => this.#keyFor(keyName, request, credential, context)
    const found = find()
    if (!found.ok) return found
    const tooMuch = context.charge?.({ appId: found.value.key.appId, keyId: found.value.key.id })
    if (tooMuch) return { ok: false, failure: tooMuch }
    const noted = signed ? this.#note(keyName, signed) : NOTED
    if (!(noted instanceof Promise)) return noted.ok ? this.#issue(found.value, request) : noted
    return noted.then((known) => {
      if (!known.ok) return known
      // The key may have changed while the nonce was written.
      const again = find()
      return again.ok ? this.#issue(again.value, request) : again
    })
  }

  #issue({ key, secretIndex }: FoundKey, request: TokenRequest): Result<TokenDetails> {
    this.#uses.note(key, secretIndex)
    return issueToken(this.#tokens, key, request, this.#clock.now())
  }

  /** The key, as it is now, for whoever has shown that they may ask for tokens of it. */
  #keyFor(
    keyName: string,
    request: TokenRequest,
    credential: Credential | undefined,
    context: RequestContext,
  ): Result<FoundKey> {
    const key = this.#directory.key(keyName)
    if (!key) return fail('key_not_found')
    const found = request.signed
      ? this.#checkSigned(key, request, request.signed)
      : this.#checkPlain(key, request, credential)
    if (!found.ok) return found
    const refusal = refusalToUse(key, this.#directory, context, this.#date)
    return refusal ? { ok: false, failure: refusal } : found
  }

  /** @returns why the request is not answered, if so; known once it is sure that nobody answers it again */
  #note(keyName: string, { timestamp, nonce }: Signed): Soon<Result<undefined>> {
    const now = momentOf(this.#clock)
    if (Math.abs(timestamp - now.date) > CLOCK_SKEW_MS) return fail('timestamp_refused')
    const id = `${timestamp} ${nonce}`
    const remembered = this.#nonces.remember(keyName, id, now)
    if (remembered === 'seen') return fail('nonce_replayed')
    if (remembered === 'full') return fail('token_requests_full')
    const kept = this.#nonces.keep(keyName, id)
    if (!kept) return this.#claim(keyName, id)
    return kept.then((isKept) => (isKept ? this.#claim(keyName, id) : fail('nonce_not_kept')))
  }

  /** Another node may have got the same request. */
  #claim(keyName: string, id: string): Soon<Result<undefined>> {
    const claimed = this.#once(shortName(keyName, id), NONCE_KEPT_MS)
    return claimed instanceof Promise
      ? claimed.then((known) => this.#claimed(keyName, id, known))
      : this.#claimed(keyName, id, claimed)
  }

  #claimed(keyName: string, id: string, claimed: Result<boolean>): Result<undefined> {
    if (claimed.ok) return claimed.value ? NOTED : fail('nonce_replayed')
    // Nobody has answered it, so it may be asked again.
    this.#nonces.forget(keyName, id)
    return claimed
  }

  #checkPlain(
    key: DirectoryKey,
    request: TokenRequest,
    credential: Credential | undefined,
  ): Result<FoundKey> {
    if (!credential) return fail('credentials_missing')
    if (credential.kind !== 'key') return fail('basic_required')
    const found = findApiKey(credential.text, this.#directory)
    if (!found.ok) return found
    const same = found.value.key.name === key.name && (request.keyName ?? key.name) === key.name
    return same ? found : { ok: false, failure: otherKey() }
  }

  #checkSigned(key: DirectoryKey, request: TokenRequest, signed: Signed): Result<FoundKey> {
    if (request.keyName !== key.name) return { ok: false, failure: otherKey() }
    const secretIndex = secretIndexWhere(key.secrets, (secret) =>
      isRequestSignedWith(signed, secret),
    )
    return secretIndex === undefined
      ? fail('credentials_wrong', 'the signature of the token request is wrong')
      : ok({ key, secretIndex })
  }
}

function otherKey() {
  return failure('credentials_wrong', 'the API key of the request is not that of the path')
}
