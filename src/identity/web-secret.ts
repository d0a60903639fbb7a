/** Secrets that browsers hold: sessions and one-time links. Long and random, and kept as a hash only. */
import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits. */
export function newWebSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Looking one up by its hash leaks no timing of use. */
export function hashWebSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** What the forms of a session must carry: only who holds the session's secret can make it, and it does not tell it. */
export function formToken(sessionSecret: string): string {
  return createHash('sha256').update(`latchkey form ${sessionSecret}`).digest('base64url')
}
