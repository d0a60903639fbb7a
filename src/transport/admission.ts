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
interface AddressRecord {
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
  readonly #tellBan: (key: string) => void
  readonly #addresses = new Map<string, AddressRecord>()
  #open = 0
  #lastBanUntil = 0
  #lastSweep: number

  /** @param tellBan tells every node to shut an address out, this one by `shutOut`; left out where there is no other */
  constructor(
    limits: AdmissionLimits,
    clock: Clock,
    tellBan: (key: string) => void = (key) => this.shutOut(key),
  ) {
    this.#tellBan = tellBan
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
    return this.#addresses.size
  }

  /** Counts an attempt to connect, and says why it must be refused. */
  refuse(address: string): FailureName | undefined {
    const now = this.#clock.elapsed()
    this.#sweep(now)
    const { maxConnections, maxAddressConnections, connections } = this.#limits
    const record = this.#recordOf(limitKey(address), now)
    if (record.bannedUntil > now) return 'banned'
    if (!take(record.connections, connections, now)) return 'connection_rate'
    if (maxAddressConnections > 0 && record.open >= maxAddressConnections)
      return 'address_connections'
    if (maxConnections > 0 && this.#open >= maxConnections) return 'server_full'
    return this.#limits.files?.isFull === true ? 'server_full' : undefined
  }

  /** Whether somebody is shut out, whatever they come for; who it is, is asked only while anybody is. */
  isBanned(client: { readonly address: string }): boolean {
    if (this.#limits.banSeconds === 0) return false
    const now = this.#clock.elapsed()
    if (this.#lastBanUntil <= now) return false
    const known = this.#addresses.get(limitKey(client.address))
    return known !== undefined && known.bannedUntil > now
  }

  /** Counts an attempt to push; whose it is, is asked only where a limit needs to know. */
  mayPush(client: { readonly address: string }): boolean {
    if (this.#limits.pushes.perSecond === 0 && this.#limits.banSeconds === 0) return true
    const { address } = client
    const now = this.#clock.elapsed()
    this.#sweep(now)
    const known = this.#recordOf(limitKey(address), now)
    return known.bannedUntil <= now && take(known.pushes, this.#limits.pushes, now)
  }

  /** Counts as so many pushes more what somebody was let in with. */
  chargePushes(client: { readonly address: string }, count: number): void {
    const { pushes } = this.#limits
    if (pushes.perSecond === 0) return
    const known = this.#recordOf(limitKey(client.address), this.#clock.elapsed())
    spend(known.pushes, pushes, count)
  }

  /** Whether somebody may show credentials that it costs something to look at, and that nobody knows to be good. */
  mayAttempt(client: { readonly address: string }): boolean {
    const { attempts } = this.#limits
    if (attempts.perSecond === 0) return true
    const now = this.#clock.elapsed()
    this.#sweep(now)
    // Whoever has shown nothing wrong lately need not be remembered.
    const known = this.#addresses.get(limitKey(client.address))
    return !known || has(known.attempts, attempts, now)
  }

  /** Counts credentials that were missing or wrong, and says whether that is to be told: beyond the rate it is not. */
  failedAttempt(client: { readonly address: string }): boolean {
    const { attempts } = this.#limits
    if (attempts.perSecond === 0) return true
    const now = this.#clock.elapsed()
    this.#sweep(now)
    return take(this.#recordOf(limitKey(client.address), now).attempts, attempts, now)
  }

  opened(address: string): void {
    this.#limits.files?.opened()
    this.#open++
    this.#recordOf(limitKey(address), this.#clock.elapsed()).open++
  }

  closed(address: string): void {
    this.#open--
    const record = this.#addresses.get(limitKey(address))
    if (record) record.open--
  }

  /** Shuts an address out for a while, on all nodes, if bans are on. */
  ban(address: string): void {
    if (this.#limits.banSeconds > 0) this.#tellBan(limitKey(address))
  }

  /** The same on this node. @param key of the address, as `limitKey` makes it */
  shutOut(key: string): void {
    const now = this.#clock.elapsed()
    this.#lastBanUntil = now + this.#limits.banSeconds * 1000
    this.#recordOf(key, now).bannedUntil = this.#lastBanUntil
  }

  #recordOf(key: string, now: number): AddressRecord {
    const known = this.#addresses.get(key)
    if (known) return known
    const record: AddressRecord = {
      open: 0,
      bannedUntil: 0,
      connections: fullBucket(this.#limits.connections, now),
      pushes: fullBucket(this.#limits.pushes, now),
      attempts: fullBucket(this.#limits.attempts, now),
    }
    this.#addresses.set(key, record)
    return record
  }

  /** Forgets addresses of which nothing is left to remember, so that a scan of many cannot fill the memory. */
  #sweep(now: number): void {
    if (now - this.#lastSweep < SWEEP_EVERY_MS) return
    this.#lastSweep = now
    for (const [key, record] of this.#addresses) {
      const quiet = record.open === 0 && record.bannedUntil <= now
      const rested =
        isRested(record.connections, this.#limits.connections, now) &&
        isRested(record.pushes, this.#limits.pushes, now) &&
        isRested(record.attempts, this.#limits.attempts, now)
      if (quiet && rested) this.#addresses.delete(key)
    }
  }
}
