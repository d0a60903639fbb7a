/** Signs in with email and password: limits attempts, and does not reveal which addresses have an account. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail } from '../../failure.ts'
import { limitKey } from '../../policy/address.ts'
import { type Bucket, type Rate, fullBucket, isRested, take } from '../../policy/rate-limits.ts'
import { type PeopleService, type Person, foldEmail } from './people.ts'
import type { SessionService } from './sessions.ts'
import type { EmailAndPassword, SignInMethodService } from './sign-in-methods.ts'

/** Attempts per client address, and per account from unknown addresses: 10 at once, then two a minute. */
const ATTEMPTS: Rate = { perSecond: 1 / 30, burst: 10 }
const SWEEP_EVERY_MS = 60_000

export interface SignInParts {
  readonly people: PeopleService
  readonly signInMethods: SignInMethodService
  readonly sessions: SessionService
}

export class SignIn {
  readonly #methods: SignInMethodService
  readonly #people: PeopleService
  readonly #sessions: SessionService
  readonly #clock: Clock
  readonly #attempts = new Map<string, Bucket>()
  #lastSweep: number

  constructor({ people, signInMethods, sessions }: SignInParts, clock: Clock) {
    this.#methods = signInMethods
    this.#people = people
    this.#sessions = sessions
    this.#clock = clock
    this.#lastSweep = clock.elapsed()
  }

  /** How many buckets are kept; full ones are swept. */
  get remembered(): number {
    return this.#attempts.size
  }

  async attempt(given: EmailAndPassword): Promise<Result<Person>> {
    const { email, address } = given
    return this.#mayTry(email, address) ? this.#methods.withPassword(given) : fail('sign_in_rate')
  }

  /** Takes an attempt at guessing something, such as the present password when a new one is chosen. */
  mayTry(what: string): boolean {
    const now = this.#clock.elapsed()
    this.#sweep(now)
    let bucket = this.#attempts.get(what)
    if (!bucket) this.#attempts.set(what, (bucket = fullBucket(ATTEMPTS, now)))
    return take(bucket, ATTEMPTS, now)
  }

  #mayTry(email: string, address: string): boolean {
    if (!this.mayTry(`address ${limitKey(address)}`)) return false
    const person = this.#people.byEmail(email)
    // Otherwise strangers could use up the attempts of the account and lock its owner out.
    const isKnown = person !== undefined && this.#sessions.isKnownFrom(person.id, address)
    return isKnown || this.mayTry(`account ${foldEmail(email).slice(0, 254)}`)
  }

  #sweep(now: number): void {
    if (now - this.#lastSweep < SWEEP_EVERY_MS) return
    this.#lastSweep = now
    for (const [key, bucket] of this.#attempts) {
      if (isRested(bucket, ATTEMPTS, now)) this.#attempts.delete(key)
    }
  }
}
