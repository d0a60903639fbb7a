/** Remembers which token requests were answered, so that none is answered twice (RSA9c), through restarts too. */
import { createHash } from 'node:crypto'
import type { Moment } from '../core/clock.ts'

/** Most requests remembered of one key: about 400 a second, for as long as they are remembered. */
const MAX_PER_KEY = 100_000
/** Requests of all apps, some 100 MB, beyond which an app may have no more than its even part. */
const MAX_IN_ALL = 500_000
const ID_LETTERS = 24

export interface KeptNonce {
  readonly keyName: string
  /** A digest of the request, which tells nothing of it. */
  readonly short: string
  /** When it came, in milliseconds since the epoch. */
  readonly at: number
}

/** Keeps nonces over a restart; `store/nonce-log.ts` implements it. */
export interface NonceLog {
  /** @returns resolves once the disk has it; rejects where it cannot be written */
  append(nonce: KeptNonce): Promise<void>
}

interface Seen extends Omit<KeptNonce, 'short'> {
  /** The clock's elapsed time when it came. */
  readonly moment: number
}

export class NonceStore {
  readonly #keepMs: number
  readonly #max: number
  readonly #log: NonceLog | undefined
  /** In order of arrival, in which they are also forgotten. */
  readonly #seen = new Map<string, Seen>()
  readonly #ofKeys = new Counts()
  readonly #ofApps = new Counts()
  readonly #maxInAll: number

  /**
   * @param keepMs for how long, to the millisecond included, a request could be sent again and still be accepted for its timestamp
   * @param max requests of one key; beyond, it says 'full', so that the use of one key costs no other
   * @param log undefined where everything is in memory
   * @param maxInAll requests of all apps, beyond which an app may have no more than its even part
   */
  constructor(
    keepMs: number,
    max = MAX_PER_KEY,
    log: NonceLog | undefined = undefined,
    maxInAll = MAX_IN_ALL,
  ) {
    this.#keepMs = keepMs
    this.#max = max
    this.#log = log
    this.#maxInAll = maxInAll
  }

  get size(): number {
    return this.#seen.size
  }

  /** Restores what an earlier process remembered. Call before anything else. */
  restore(kept: readonly KeptNonce[], now: Moment): void {
    for (const { short, ...seen } of kept.toSorted((a, b) => a.at - b.at)) {
      const age = Math.max(0, Math.min(now.date - seen.at, this.#keepMs))
      this.#add(short, { ...seen, moment: now.elapsed - age })
    }
  }

  /** Only for requests whose signature was right: strangers must not fill it. */
  remember(keyName: string, id: string, now: Moment): 'new' | 'seen' | 'full' {
    this.#forgetOld(now)
    const short = shortName(keyName, id)
    if (this.#seen.has(short)) return 'seen'
    if (!this.#hasRoom(keyName)) return 'full'
    this.#add(short, { keyName, at: now.date, moment: now.elapsed })
    return 'new'
  }

  /**
   * Keeps one that is new, so that it is remembered though the process dies as soon as the request was answered.
   * @returns whether that was possible; if not, it is new again. Undefined where there is nothing to wait for.
   */
  keep(keyName: string, id: string): Promise<boolean> | undefined {
    const short = shortName(keyName, id)
    const seen = this.#seen.get(short)
    if (!this.#log || !seen) return undefined
    return this.#log.append({ short, keyName, at: seen.at }).then(
      () => true,
      () => {
        if (this.#seen.get(short) === seen) this.#remove(short, keyName)
        return false
      },
    )
  }

  /** Forgets a request that was not answered after all. */
  forget(keyName: string, id: string): void {
    const name = shortName(keyName, id)
    if (this.#seen.has(name)) this.#remove(name, keyName)
  }

  /** Whether an app may have one more; one below its even part always may. */
  #hasRoom(keyName: string): boolean {
    if (this.#ofKeys.of(keyName) >= this.#max) return false
    if (this.#seen.size < this.#maxInAll) return true
    return this.#ofApps.of(appOf(keyName)) < this.#maxInAll / (this.#ofApps.size + 1)
  }

  /** A clock that is set back makes timestamps good again, so the time has to have passed as well. */
  #forgetOld({ date, elapsed }: Moment): void {
    for (const [short, { keyName, at, moment }] of this.#seen) {
      if (at >= date - this.#keepMs || moment >= elapsed - this.#keepMs) return
      this.#remove(short, keyName)
    }
  }

  #add(short: string, seen: Seen): void {
    if (this.#seen.has(short)) return
    this.#seen.set(short, seen)
    this.#ofKeys.change(seen.keyName, 1)
    this.#ofApps.change(appOf(seen.keyName), 1)
  }

  #remove(short: string, keyName: string): void {
    this.#seen.delete(short)
    this.#ofKeys.change(keyName, -1)
    this.#ofApps.change(appOf(keyName), -1)
  }
}

class Counts {
  readonly #counts = new Map<string, number>()

  /** How many names there are with anything. */
  get size(): number {
    return this.#counts.size
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  change(name: string, by: number): void {
    const count = this.of(name) + by
    if (count === 0) this.#counts.delete(name)
    else this.#counts.set(name, count)
  }
}

function appOf(keyName: string): string {
  return keyName.slice(0, keyName.indexOf('.'))
}

/** What stands for a request, without anything of it. Names of keys hold no line breaks, so no two requests are one text. */
export function shortName(keyName: string, id: string): string {
  return createHash('sha256').update(`${keyName}\n${id}`).digest('base64').slice(0, ID_LETTERS)
}
