/** Access tokens of the HTTP API: bearer secrets, of which only a hash is kept. */
import { createHash, randomBytes } from 'node:crypto'

/** Lets secret scanners recognise a leaked token. */
const PREFIX = 'lk_'

/** A new token with 256 random bits. */
export function newAccessToken(): string {
  return PREFIX + randomBytes(32).toString('base64url')
}

/** Tokens are long and random, so a plain hash is enough, and looking one up by hash leaks no timing of use. */
export function hashAccessToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
