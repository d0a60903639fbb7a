/** Passwords of people: hashed with argon2id, checked in a time that does not tell whether there is one. */
import { type Result, fail, ok } from '../failure.ts'

/** In characters. Longer passwords are no safer, and hashing would cost whatever a client likes. */
const MIN_LENGTH = 10
const MAX_LENGTH = 200

/** Memory of one hash in KiB: it makes guessing expensive, and is why only a few may run at once. */
const ARGON2 = { algorithm: 'argon2id', memoryCost: 65_536, timeCost: 2 } as const

/** Checked where there is no hash to check; of a password that nobody can type, made as all others are. */
export const DECOY =
  '$argon2id$v=19$m=65536,t=2,p=1$RfoWknhW/gRp2aArd72Nzg2sTMIaeK7ZWLf5GiBsYCI$7d3IbeRJrGbE4N59HydAXn32eRBh4eEZgqe4ZgYi+/U'

/** What is wrong with a new password, or undefined. */
export function passwordFault(password: string, email: string): string | undefined {
  const length = [...password].length
  if (length < MIN_LENGTH) return `a password has at least ${MIN_LENGTH} characters`
  if (length > MAX_LENGTH) return `a password has at most ${MAX_LENGTH} characters`
  if (password.toLowerCase() === email.toLowerCase()) return 'the password is the email address'
  if (new Set(password).size < 4) return 'the password repeats too few characters'
  return undefined
}

/** Runs hashing, the most expensive work of the server, for a bounded number of clients at a time. */
export interface HasherLimits {
  /** How many run at once. */
  readonly atOnce: number
  /** How many one client may have running or waiting. */
  readonly ofOne: number
  /** How many may wait in all. */
  readonly waiting: number
}

const LIMITS: HasherLimits = {
  // Each takes a processor for itself, and messages must not wait for one.
  atOnce: Math.min(2, Math.max(1, Math.floor(navigator.hardwareConcurrency / 2))),
  ofOne: 4,
  waiting: 64,
}

export class PasswordHasher {
  readonly #limits: HasherLimits
  readonly #waiting: (() => void)[] = []
  readonly #afterwards: () => Promise<void>
  /** How many are running or waiting, by who asked. */
  readonly #clients = new Map<string, number>()
  #running = 0

  /** @param afterwards awaited when the work is done, for whoever goes on to write: it may have to wait for that too */
  constructor(limits = LIMITS, afterwards: () => Promise<void> = () => Promise.resolve()) {
    this.#afterwards = afterwards
    this.#limits = limits
  }

  /** How many are running or waiting. */
  get busy(): number {
    return this.#running + this.#waiting.length
  }

  /**
   * @param client who asks, such as an address: nobody's passwords keep all others waiting
   * @returns `sign_in_rate` where they have too many waiting, `sign_in_busy` where all together have
   */
  hash(password: string, client: string): Promise<Result<string>> {
    return this.#oneOf(client, () => Bun.password.hash(password, ARGON2))
  }

  /**
   * @param hash of the person who is named; without one, another is checked in its place, for the same work
   * @param client as for `hash`
   */
  async check(
    password: string,
    hash: string | null | undefined,
    client: string,
  ): Promise<Result<boolean>> {
    if (password.length > MAX_LENGTH * 4) return ok(false)
    const fits = await this.#oneOf(client, () => Bun.password.verify(password, hash ?? DECOY))
    return fits.ok ? ok(fits.value && hash !== undefined && hash !== null) : fits
  }

  async #oneOf<T>(client: string, work: () => Promise<T>): Promise<Result<T>> {
    const own = this.#clients.get(client) ?? 0
    if (own >= this.#limits.ofOne) return fail('sign_in_rate')
    if (this.#waiting.length >= this.#limits.waiting) return fail('sign_in_busy')
    this.#clients.set(client, own + 1)
    if (this.#running >= this.#limits.atOnce) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#running++
    try {
      const done = await work()
      await this.#afterwards()
      return ok(done)
    } finally {
      this.#release(client)
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }

  #release(client: string): void {
    const left = this.#clients.get(client)! - 1
    if (left > 0) this.#clients.set(client, left)
    else this.#clients.delete(client)
  }
}
