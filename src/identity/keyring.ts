/**
 * Cryptography for secrets that must be shown again to their owner: sealed with AES-256-GCM for storage,
 * and compared by a keyed digest, so that checking a key needs no decryption and the database alone
 * opens nothing. All keys are derived from the master key, which is never in the database.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Digest } from '../policy/channel-keys.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const RECENT_DIGESTS = 256

export class Keyring {
  readonly #sealing: Buffer
  readonly #digesting: Buffer
  /** A backend pushes with the same key again and again; a hash for each would cost as much as the rest. */
  readonly #recent = new Map<string, Digest>()
  readonly #tokens: Buffer

  /** @param masterKey 32 random bytes */
  constructor(masterKey: Uint8Array) {
    this.#sealing = derive(masterKey, 'latchkey sealing')
    this.#digesting = derive(masterKey, 'latchkey digest')
    this.#tokens = derive(masterKey, 'latchkey tokens')
  }

  /** Encrypts; the result is nonce, tag and ciphertext in one piece. */
  seal(secret: string | Uint8Array): Buffer {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#sealing, nonce)
    const plain = typeof secret === 'string' ? Buffer.from(secret) : secret
    const body = Buffer.concat([cipher.update(plain), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), body])
  }

  /** @returns undefined if it was sealed under another master key or changed since */
  open(sealed: Uint8Array): string | undefined {
    return this.openBytes(sealed)?.toString('utf8')
  }

  /** As `open`, for what is no text. */
  openBytes(sealed: Uint8Array): Buffer | undefined {
    if (sealed.byteLength < NONCE_BYTES + TAG_BYTES) return undefined
    const bytes = Buffer.from(sealed)
    const decipher = createDecipheriv('aes-256-gcm', this.#sealing, bytes.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    try {
      const body = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES))
      return Buffer.concat([body, decipher.final()])
    } catch {
      return undefined
    }
  }

  /** A keyed digest of 32 bytes; equal for equal texts under one master key. */
  digest(text: string): Digest {
    const known = this.#recent.get(text)
    if (known) return known
    if (this.#recent.size >= RECENT_DIGESTS) this.#recent.clear()
    const digest = new Bun.CryptoHasher('sha256', this.#digesting).update(text).digest()
    this.#recent.set(text, digest)
    return digest
  }

  /** The key of 32 bytes that authenticates the tokens of an app, so that no token is valid in another app. */
  tokenKey(appId: string): Uint8Array {
    return new Bun.CryptoHasher('sha256', this.#tokens).update(appId).digest()
  }
}

function derive(masterKey: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, new Uint8Array(), purpose, 32))
}
