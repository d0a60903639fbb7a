/**
 * The join key and the send key of a channel of the commons, as the policy sees them: fixed-length digests, never the
 * keys themselves. Which of them is asked for, and of whom, is decided in `channel-access.ts`.
 */
import { timingSafeEqual } from 'node:crypto'

/** A keyed digest of a key (`identity/keyring.ts`); all digests have the same length. */
export type Digest = Uint8Array

/** The keys that somebody presents, or that a rule asks for. An absent kind is not presented or not asked for. */
export interface Keys {
  readonly join?: Digest
  readonly send?: Digest
}

export const NO_KEYS: Keys = Object.freeze({})

/** Whether the presented key opens the lock, in a time that depends on neither. */
export function opens(presented: Digest | undefined, required: Digest): boolean {
  return presented !== undefined && timingSafeEqual(presented, required)
}
