/** The hash in the id of a live object (RTO14). */
import { createHash } from 'node:crypto'

/** Unpadded base64url of the SHA-256 of what an object begins with, a colon and a nonce. */
export function objectHash(initial: string | Uint8Array, nonce: string): string {
  return createHash('sha256').update(initial).update(`:${nonce}`).digest('base64url')
}
