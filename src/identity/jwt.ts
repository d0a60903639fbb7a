/**
 * JWTs as text: their parts, and the signature that a secret of an API key must have made. Only HMAC is
 * accepted; the header is unverified until then and decides nothing but which key to try.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import { type Result, fail, ok } from '../failure.ts'
import { decodeBase64, decodeBase64Text, toBase64Url } from './base64-text.ts'

/** Pinned: a header that names any other, `none` included, is refused. */
const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const
type Algorithm = keyof typeof HASHES

const JWS_PARTS = 3
const JWE_PARTS = 5
const TOKEN_MEMBER = 'x-ably-token'

export type JsonObject = Readonly<Record<string, unknown>>

export interface Jwt {
  /** The name of an API key. */
  readonly keyName: string | undefined
  readonly algorithm: unknown
  /** A token that this one only carries, and whose outside nobody here can or need verify. */
  readonly embedded: string | undefined
  /** Undefined for an encrypted one, of which nothing but the header can be read. */
  readonly claims: JsonObject | undefined
  readonly parts: readonly string[]
}

/** Whether a text has as many parts as a signed or an encrypted JWT. */
export function looksLikeJwt(text: string): boolean {
  const parts = text.split('.').length
  return parts === JWS_PARTS || parts === JWE_PARTS
}

/** Takes a JWT apart without believing any of it. */
export function parseJwt(text: string): Result<Jwt> {
  const parts = text.split('.')
  const header =
    parts.length === JWS_PARTS || parts.length === JWE_PARTS ? json(parts[0]!) : undefined
  if (!header) return fail('jwt_invalid', 'invalid JWT format: the header cannot be read')
  const claims = parts.length === JWS_PARTS ? json(parts[1]!) : undefined
  if (!claims && parts.length === JWS_PARTS)
    return fail('jwt_invalid', 'invalid JWT format: the claims cannot be read')
  if ('crit' in header)
    return fail('jwt_invalid', 'invalid JWT format: "crit" in the header is not supported')
  const embedded = header[TOKEN_MEMBER] ?? claims?.[TOKEN_MEMBER]
  if (embedded !== undefined && typeof embedded !== 'string')
    return fail('jwt_invalid', `invalid JWT format: "${TOKEN_MEMBER}" is not a string`)
  const keyName = typeof header['kid'] === 'string' ? header['kid'] : undefined
  return ok({ keyName, algorithm: header['alg'], embedded, claims, parts })
}

function json(part: string): JsonObject | undefined {
  const text = decodeBase64Text(part)
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a secret made the signature, with one of the accepted algorithms. */
export async function isSignedWith({ parts, algorithm }: Jwt, secret: string): Promise<boolean> {
  const [header, claims, signature] = parts
  if (header === undefined || claims === undefined || signature === undefined) return false
  if (!isAlgorithm(algorithm)) return false
  const bytes = decodeBase64(signature)
  if (!bytes) return false
  // jose reads the alphabet for URLs only, and what was signed is the text as it is
  // (https://ably.com/docs/auth/token/jwt).
  if (/[+/]/.test(header + claims)) {
    const made = createHmac(HASHES[algorithm], secret).update(`${header}.${claims}`).digest()
    return made.length === bytes.length && timingSafeEqual(made, bytes)
  }
  const compact = `${header}.${claims}.${toBase64Url(signature)}`
  try {
    await compactVerify(compact, new TextEncoder().encode(secret), { algorithms: [algorithm] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}

export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === 'string' && Object.hasOwn(HASHES, name)
}
