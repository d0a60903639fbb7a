/** Decides whether an address may connect at all, before any protocol is asked (AC-34 step 1, L-1, L-4, L-5). */
import type { Clock } from '../core/clock.ts'
import type { FailureName } from '../failure.ts'
import { limitKey } from '../policy/address.ts'
import {
  type Bucket,
  type Rate,
  fullBucket,
  has,
  isRested,
  spend,
  take,
} from '../policy/rate-limits.ts'

export interface AdmissionLimits {
  readonly connections: Rate
  readonly pushes: Rate
  /** Requests whose credentials are missing or wrong. */
  readonly attempts: Rate
  readonly maxConnections: number
  readonly maxAddressConnections: number
  readonly banSeconds: number
  /** Of the process: whether there are none for another connection. */
  readonly files?: { readonly isFull: boolean; opened(): void }
}

/** What is remembered of one address; kept in memory only. */
interface Visitor {
  open: number
  /** By the clock's elapsed time, as all that is remembered here. */
  bannedUntil: number
  readonly connections: Bucket
  readonly pushes: Bucket
  readonly attempts: Bucket
}

const SWEEP_EVERY_MS = 60_000

export class Admission {
  readonly #limits: AdmissionLimits
  readonly #clock: Clock
  readonly #visitors = new Map<string, Visitor>()
  #open = 0
  #lastBanUntil = 0
  #lastSweep: number

  constructor(limits: AdmissionLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#lastSweep = clock.elapsed()
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open
  }

  /** How many addresses are remembered; it falls back when they go quiet. */
  get remembered(): number {
    return this.#visitors.size
  }

  /** Counts an attempt to connect, and says why it must be refused. */
  refuse(address: string): FailureName | undefined {
    const now = this.#clock.elapsed()
    this.#sweep(now)
    const { maxConnections, maxAddressConnections, connections } = this.#limits
    const visitor = this.#visitor(limitKey(address), now)
    if (visitor.bannedUntil > now) return 'banned'
    if (!take(visitor.connections, connections, now)) return 'connection_rate'
    if (maxAddressConnections > 0 && visitor.open >= maxAddressConnections)
      return 'address_connections'
    if (maxConnections > 0 && this.#open >= maxConnections) return 'server_full'
    return this.#limits.files?.isFull === true ? 'server_full' : undefined
  }

  /** Whether somebody is shut out, whatever they come for; who it is, is asked only while anybody is. */
  isBanned(visitor: { readonly address: string }): boolean {
    if (this.#limits.banSeconds === 0) return false
    const now = this.#clock.elapsed()
    if (this.#lastBanUntil <= now) return false
    const known = this.#visitors.get(limitKey(visitor.address))
    return known !== undefined && known.bannedUntil > now
  }

  /** Counts an attempt to push; whose it is, is asked only where a limit needs to know. */
  mayPush(visitor: { readonly address: string }): boolean {
    if (this.#limits.pushes.perSecond === 0 && this.#limits.banSeconds === 0) return true
    const { address } = visitor
    const now = this.#clock.elapsed()
    this.#sweep(now)
    const known = this.#visitor(limitKey(address), now)
    return known.bannedUntil <= now && take(known.pushes, this.#limits.pushes, now)
  }

  /** Counts as so many pushes more what somebody was let in with. */
  chargePushes(visitor: { readonly address: string }, count: number): void {
    const { pushes } = this.#limits
    if (pushes.perSecond === 0) return
    const known = this.#visitor(limitKey(visitor.address), this.#clock.elapsed())
    spend(known.pushes, pushes, count)
  }

  /** Whether somebody may show credentials that it costs something to look at, and that nobody knows to be good. */
  mayAttempt(visitor: { readonly address: string }): boolean {
    const { attempts } = this.#limits
    if (attempts.perSecond === 0) return true
    const now = this.#clock.elapsed()
    this.#sweep(now)
    // Whoever has shown nothing wrong lately need not be remembered.
    const known = this.#visitors.get(limitKey(visitor.address))
    return !known || has(known.attempts, attempts, now)
  }

  /** Counts credentials that were missing or wrong, and says whether that is to be told: beyond the rate it is not. */
  failedAttempt(visitor: { readonly address: string }): boolean {
    const { attempts } = this.#limits
    if (attempts.perSecond === 0) return true
    const now = this.#clock.elapsed()
    this.#sweep(now)
    return take(this.#visitor(limitKey(visitor.address), now).attempts, attempts, now)
  }

  opened(address: string): void {
    this.#limits.files?.opened()
    this.#open++
    this.#visitor(limitKey(address), this.#clock.elapsed()).open++
  }

  closed(address: string): void {
    this.#open--
    const visitor = this.#visitors.get(limitKey(address))
    if (visitor) visitor.open--
  }

  /** Shuts an address out for a while, if bans are on. */
  ban(address: string): void {
    const now = this.#clock.elapsed()
    if (this.#limits.banSeconds === 0) return
    this.#lastBanUntil = now + this.#limits.banSeconds * 1000
    this.#visitor(limitKey(address), now).bannedUntil = this.#lastBanUntil
  }

  #visitor(key: string, now: number): Visitor {
    const known = this.#visitors.get(key)
    if (known) return known
    const visitor: Visitor = {
      open: 0,
      bannedUntil: 0,
      connections: fullBucket(this.#limits.connections, now),
      pushes: fullBucket(this.#limits.pushes, now),
      attempts: fullBucket(this.#limits.attempts, now),
    }
    this.#visitors.set(key, visitor)
    return visitor
  }

  /** Forgets addresses of which nothing is left to remember, so that a scan of many cannot fill the memory. */
  #sweep(now: number): void {
    if (now - this.#lastSweep < SWEEP_EVERY_MS) return
    this.#lastSweep = now
    for (const [key, visitor] of this.#visitors) {
      const quiet = visitor.open === 0 && visitor.bannedUntil <= now
      const rested =
        isRested(visitor.connections, this.#limits.connections, now) &&
        isRested(visitor.pushes, this.#limits.pushes, now) &&
        isRested(visitor.attempts, this.#limits.attempts, now)
      if (quiet && rested) this.#visitors.delete(key)
    }
  }
}
