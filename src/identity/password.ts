/** Passwords of people: hashed with argon2id, checked in a time that does not tell whether there is one. */

/** Counted in characters; longer ones are no safer and cost as much to hash as somebody likes. */
const MIN_LENGTH = 10
const MAX_LENGTH = 200

/** Memory in KiB: it is what makes guessing dear, and why only a few may run at once. */
const ARGON2 = { algorithm: 'argon2id', memoryCost: 65_536, timeCost: 2 } as const
const AT_ONCE = 2

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

export class PasswordHasher {
  readonly #waiting: (() => void)[] = []
  #running = 0

  hash(password: string): Promise<string> {
    return this.#oneOf(() => Bun.password.hash(password, ARGON2))
  }

  /** @param hash of the person who is named; without one, another is checked in its place, for the same work */
  async check(password: string, hash: string | null | undefined): Promise<boolean> {
    if (password.length > MAX_LENGTH * 4) return false
    const fits = await this.#oneOf(() => Bun.password.verify(password, hash ?? DECOY))
    return fits && hash !== undefined && hash !== null
  }

  async #oneOf<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_ONCE) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
