/** A known text sealed with the master key, by which a start checks that the key belongs to the database. */
import type { Keyring } from '../identity/keyring.ts'

/** The name of the fact that holds it. */
export const PROOF = 'master-key-proof'
const TEXT = 'latchkey'

export function makeProof(keyring: Keyring): Buffer {
  return keyring.seal(TEXT)
}

export function opensProof(proof: Uint8Array, keyring: Keyring): boolean {
  return keyring.open(proof) === TEXT
}
