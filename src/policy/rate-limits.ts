/**
 * The token bucket behind every rate limit: whatever limits a rate imports this file. The caller brings the state and
 * the time. State is changed in place, because it is touched once per frame and must not allocate.
 */

/** `perSecond` 0 switches the limit off; `burst` is what a rested bucket lets through at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** A token bucket; `at` is the time of its last change in milliseconds. */
export interface Bucket {
  tokens: number
  at: number
}

export function fullBucket(rate: Rate, now: number): Bucket {
  return { tokens: rate.burst, at: now }
}

/** Takes one token if there is one. A clock that steps back refills nothing and takes nothing away. */
export function take(bucket: Bucket, rate: Rate, now: number): boolean {
  if (rate.perSecond === 0) return true
  refill(bucket, rate, now)
  if (bucket.tokens < 1) return false
  bucket.tokens -= 1
  return true
}

/**
 * Takes what an admitted action cost beyond its one token. The bucket may go below zero, and refills from there.
 */
export function spend(bucket: Bucket, rate: Rate, cost: number): void {
  if (rate.perSecond > 0) bucket.tokens -= cost
}

/** Whether there is a token to take; takes none. */
export function has(bucket: Bucket, rate: Rate, now: number): boolean {
  if (rate.perSecond === 0) return true
  refill(bucket, rate, now)
  return bucket.tokens >= 1
}

/** Whether the bucket is full, so that dropping it and starting a new one later makes no difference. */
export function isRested(bucket: Bucket, rate: Rate, now: number): boolean {
  if (rate.perSecond === 0) return true
  refill(bucket, rate, now)
  return bucket.tokens >= rate.burst
}

function refill(bucket: Bucket, rate: Rate, now: number): void {
  const elapsed = now - bucket.at
  bucket.at = now
  if (elapsed > 0) {
    bucket.tokens = Math.min(rate.burst, bucket.tokens + (elapsed * rate.perSecond) / 1000)
  }
}

/** Warnings a client has had: offences within one second count once, a quiet minute forgives all. */
export interface Warnings {
  count: number
  at: number
}

const WARNING_WINDOW_MS = 1000
const FORGIVEN_AFTER_MS = 60_000

/** Records an offence and says whether the client has now used up its `allowed` warnings. */
export function warn(warnings: Warnings, allowed: number, now: number): 'warned' | 'exhausted' {
  const since = now - warnings.at
  if (warnings.count > 0 && since < WARNING_WINDOW_MS) return 'warned'
  warnings.count = since > FORGIVEN_AFTER_MS ? 1 : warnings.count + 1
  warnings.at = now
  return warnings.count > allowed ? 'exhausted' : 'warned'
}

/**
 * Bytes that the largest message that is permitted takes in a frame or body: in JSON a character of one byte may be
 * written with six (RFC 8259, section 7).
 * @param maxMessageBytes of names, client ids, data and extras
 */
export function largestText(maxMessageBytes: number): number {
  return maxMessageBytes * 6 + BESIDE_DATA_BYTES
}

/** Room for the rest of a frame: field names, ids, the channel. */
const BESIDE_DATA_BYTES = 65_536
