/**
 * Tokens that are issued here: they carry what they say and a code that only this server can make, so that
 * checking one reads nothing. The text is `<appId>.<base64url>`, where the bytes are a version, a random id,
 * the claims as JSON, and an HMAC-SHA-256 over the version, the id and the claims under the key of the app.
 */
import { timingSafeEqual } from 'node:crypto'
import { type Randomness, systemRandomness } from '../core/clock.ts'
import { type Result, fail, ok } from '../failure.ts'
import { type Capability, canonicalText, parseAccepted } from '../policy/capability/capability.ts'
import { NO_CLAIMS } from '../policy/channel-claims.ts'
import type { TokenClaims } from './claims.ts'
import type { Keyring } from './keyring.ts'

const VERSION = 1
/** Bytes of the random id that makes every token a different text. */
const ID_BYTES = 12
const MAC_BYTES = 32
const HEAD_BYTES = 1 + ID_BYTES

/** SDKs take no longer token details (RSA4f). */
export const MAX_TOKEN_LENGTH = 128 * 1024

/** Of the claims in a token of that length, after an app's id and a dot. */
const MAX_BODY_BYTES = Math.floor(((MAX_TOKEN_LENGTH - 64) * 3) / 4) - HEAD_BYTES - MAC_BYTES

/** Of base64url, after the app, in a token that says nothing at all. */
export const MIN_TOKEN_LETTERS = Math.ceil(((HEAD_BYTES + MAC_BYTES) * 4) / 3)

const SHAPE = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

/** A native token always names what it permits, even where that is all that its key may. */
export interface NativeClaims extends TokenClaims {
  readonly capability: Capability
}

/** Numbers tokens in the order of their issue. `service/tokens/token-order.ts` keeps it. */
export interface TokenNumbers {
  /** @returns undefined where the order cannot be kept now */
  next(): number | undefined
}

type IssuedClaims = Pick<
  NativeClaims,
  'appId' | 'keyId' | 'issued' | 'expires' | 'capability' | 'clientId'
>

/** Key id, issued, expires, capability, client id, number; tokens of older versions of the program have no number. */
type Body = readonly [string, number, number, string, string | null, number?]

export class NativeTokens {
  readonly #keyring: Keyring
  readonly #random: Randomness
  readonly #numbers: TokenNumbers | undefined

  /** @param numbers for what is issued; not needed to read tokens */
  constructor(
    keyring: Keyring,
    random: Randomness = systemRandomness,
    numbers: TokenNumbers | undefined = undefined,
  ) {
    this.#keyring = keyring
    this.#random = random
    this.#numbers = numbers
  }

  /**
   * The text of a new token; no two are the same.
   * @returns `capability_invalid` where it would be longer than SDKs take
   */
  issue({ appId, keyId, issued, expires, capability, clientId }: IssuedClaims): Result<string> {
    const claims = [keyId, issued, expires, canonicalText(capability), clientId ?? null] as const
    const number = this.#numbers?.next()
    const numbered: Body = number === undefined ? claims : [...claims, number]
    const body = Buffer.from(JSON.stringify(numbered))
    if (body.length > MAX_BODY_BYTES)
      return fail(
        'capability_invalid',
        `with this capability the token would be longer than ${MAX_TOKEN_LENGTH} characters`,
      )
    const id = this.#random(new Uint8Array(ID_BYTES))
    const signed = Buffer.concat([Buffer.of(VERSION), id, body])
    const text = `${appId}.${Buffer.concat([signed, this.#mac(appId, signed)]).toString('base64url')}`
    return ok(text)
  }

  /**
   * What a token says, if it was issued here; nothing is said about whether it still counts.
   * @returns otherwise `credentials_wrong` for what names no app, as for a key of an app that is not known,
   * `token_malformed`, `token_unreadable` or `token_unrecognised`
   */
  read(text: string): Result<NativeClaims> {
    if (!text.includes('.'))
      return fail('credentials_wrong', 'this is not a token: it names no app')
    const [, appId, encoded] = SHAPE.exec(text) ?? []
    if (appId === undefined || encoded === undefined) return fail('token_malformed')
    const bytes = Buffer.from(encoded, 'base64url')
    // Otherwise a token would have several texts: the last letter can hold bits that base64 ignores.
    if (bytes.toString('base64url') !== encoded) return fail('token_unreadable')
    if (bytes.length < HEAD_BYTES + MAC_BYTES || bytes[0] !== VERSION)
      return fail('token_unreadable')
    const signed = bytes.subarray(0, -MAC_BYTES)
    if (!timingSafeEqual(bytes.subarray(-MAC_BYTES), this.#mac(appId, signed)))
      return fail('token_unrecognised')
    return readBody(appId, signed.subarray(HEAD_BYTES).toString())
  }

  #mac(appId: string, signed: Uint8Array): Uint8Array {
    return new Bun.CryptoHasher('sha256', this.#keyring.tokenKey(appId)).update(signed).digest()
  }
}

/** The name of the key that a token says it is of, without a look at its code: for logs. */
export function nativeKeyName(text: string): string | undefined {
  const [, appId, encoded] = SHAPE.exec(text) ?? []
  if (appId === undefined || encoded === undefined) return undefined
  const body = Buffer.from(encoded, 'base64url').subarray(HEAD_BYTES, -MAC_BYTES).toString()
  const keyId = /^\["([A-Za-z0-9_-]+)",/.exec(body)?.[1]
  return keyId === undefined ? undefined : `${appId}.${keyId}`
}

/** Reads claims whose authentication code was right: this server wrote them, so their shape is not checked again. */
function readBody(appId: string, text: string): Result<NativeClaims> {
  const [keyId, issued, expires, capabilityText, clientId, number] = JSON.parse(text) as Body
  const capability = parseAccepted(capabilityText)
  if (!capability.ok) return fail('token_unreadable')
  return ok({
    method: 'token',
    appId,
    keyId,
    issued,
    number,
    expires,
    capability: capability.value,
    clientId: clientId ?? undefined,
    userClaims: NO_CLAIMS,
    publishRates: NO_CLAIMS,
  })
}
