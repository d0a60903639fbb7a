/** Tokens for operators: issued by hand, explained and revoked. */
import { type Clock, systemRandomness } from '../../core/clock.ts'
import { type Failure, type Result, fail, ok } from '../../failure.ts'
import { Authenticator } from '../../identity/authenticate.ts'
import { refusalToUse } from '../../identity/key-check.ts'
import { signJwt } from '../../identity/jwt-issuer.ts'
import type { Keyring } from '../../identity/keyring.ts'
import { NativeTokens } from '../../identity/native-token.ts'
import type { AppPrincipal } from '../../identity/principal.ts'
import { readRevocationRequest, revocationsOf } from '../../identity/revocation-request.ts'
import { type TokenDetails, type TokenWish, issueToken } from '../../identity/token-issuer.ts'
import { canonicalText } from '../../policy/capability/capability.ts'
import { explainCapability } from '../../policy/capability/explain.ts'
import { OPERATIONS, type Operation } from '../../policy/capability/operations.ts'
import type { Store } from '../../store/database.ts'
import { AppDirectory } from '../apps/app-directory.ts'
import type { RevocationService } from './revocations.ts'
import type { TokenOrder } from './token-order.ts'

export interface TokenQuestion {
  readonly channel: string
  readonly operation: string
}

/** What a server would make of a token now. */
export interface TokenExplanation {
  readonly valid: boolean
  /** Why it is refused; undefined for a valid token. */
  readonly refusal: string | undefined
  readonly key: string | undefined
  readonly kind: 'token' | 'jwt' | undefined
  readonly clientId: string | undefined
  /** Milliseconds since the epoch. */
  readonly expires: number | undefined
  /** What it permits now: its own capability within that of its key. */
  readonly capability: string | undefined
  /** Whether the operation in question is permitted; undefined without a question. */
  readonly permitted: boolean | undefined
}

const NOTHING_NOTED = { note: () => {} }
/** Tokens are explained as if presented over TLS; whether TLS is required is a setting of the app. */
const OVER_TLS = { secure: true, origin: null }

export interface TokenServiceParts {
  readonly store: Store
  readonly keyring: Keyring
  readonly clock: Clock
  readonly revocations: RevocationService
  readonly order: TokenOrder
}

export class TokenService {
  readonly #store: Store
  readonly #keyring: Keyring
  readonly #clock: Clock
  readonly #revocations: RevocationService
  readonly #tokens: NativeTokens

  constructor({ store, keyring, clock, revocations, order }: TokenServiceParts) {
    this.#revocations = revocations
    this.#store = store
    this.#keyring = keyring
    this.#clock = clock
    this.#tokens = new NativeTokens(keyring, systemRandomness, order)
  }

  /** @param keyName `appId.keyId` */
  issue(keyName: string, wish: TokenWish): Result<TokenDetails> {
    const directory = this.#directory()
    const key = directory.key(keyName)
    if (!key) return fail('key_not_found')
    const now = this.#clock.now()
    const refusal = refusalToUse(key, directory, OVER_TLS, this.#clock)
    if (refusal) return { ok: false, failure: refusal }
    return issueToken(this.#tokens, key, wish, now)
  }

  /**
   * Makes a JWT that a client may use in the place of a token, signed with the key's current secret.
   * @param keyName `appId.keyId`
   */
  async issueJwt(keyName: string, wish: TokenWish): Promise<Result<string>> {
    // Issuing a token first applies the same checks, with the same messages.
    const token = this.issue(keyName, wish)
    if (!token.ok) return token
    const [secret] = this.#directory().key(keyName)?.secrets ?? []
    if (secret === undefined) return fail('key_not_found')
    const { issued, expires, clientId } = token.value
    const capability = wish.capability === undefined ? undefined : token.value.capability
    return ok(await signJwt({ keyName, secret, issued, expires, capability, clientId }))
  }

  /** @returns a failure only for an invalid question; an invalid token is an answer */
  async explain(text: string, question?: TokenQuestion): Promise<Result<TokenExplanation>> {
    if (question && !isOperation(question.operation)) {
      const known = OPERATIONS.join(', ')
      return fail('invalid', `there is no operation ${question.operation}; there are ${known}`)
    }
    const directory = this.#directory()
    const authenticator = new Authenticator(directory, this.#tokens, NOTHING_NOTED, this.#clock)
    const credential = { kind: 'token', text } as const
    const found = await authenticator.authenticate({ credential, clientId: undefined }, OVER_TLS)
    return ok(found.ok ? explained(found.value, question) : refused(found.failure))
  }

  /**
   * Revokes tokens of a key that were issued until now.
   * @param targets such as `clientId:ann`, `revocationKey:team-1` or `channel:lobby`
   * @returns how many targets are revoked; if one is wrong, none is
   */
  revoke(keyName: string, targets: readonly string[]): Result<number> {
    const key = this.#directory().key(keyName)
    if (!key) return fail('key_not_found')
    if (!key.revocableTokens) return fail('revocation_disabled')
    const request = readRevocationRequest({ targets: [...targets] }, this.#clock.now())
    if (!request.ok) return request
    const wrong = request.value.targets.find(({ target }) => !target.ok)
    if (wrong && !wrong.target.ok) return { ok: false, failure: wrong.target.failure }
    const revocations = revocationsOf(request.value, key)
    this.#revocations.add(key.appId, revocations)
    return ok(revocations.length)
  }

  /** Reads the directory again each time: a command runs once, and must see what is stored now. */
  #directory(): AppDirectory {
    const directory = new AppDirectory(this.#store, this.#keyring, this.#clock)
    directory.reload()
    return directory
  }
}

function isOperation(text: string): text is Operation {
  return (OPERATIONS as readonly string[]).includes(text)
}

function explained(principal: AppPrincipal, question?: TokenQuestion): TokenExplanation {
  const { appId, keyId, method, clientId, mayAssumeClientId, expires, capability } = principal
  return {
    valid: true,
    refusal: undefined,
    key: `${appId}.${keyId}`,
    kind: method === 'jwt' ? 'jwt' : 'token',
    clientId: mayAssumeClientId ? '*' : clientId,
    expires,
    capability: canonicalText(capability),
    permitted:
      question &&
      explainCapability(capability, question.channel, question.operation as Operation).permitted,
  }
}

function refused(why: Failure): TokenExplanation {
  return {
    valid: false,
    refusal: why.message,
    key: undefined,
    kind: undefined,
    clientId: undefined,
    expires: undefined,
    capability: undefined,
    permitted: undefined,
  }
}
