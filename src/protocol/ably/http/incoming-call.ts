/** One REST request while it is being handled. */
import type { Allowance, KeyAllowances } from '../../../core/access/allowance.ts'
import type { Soon } from '../../../core/soon.ts'
import { type Failure, type Result, failure } from '../../../failure.ts'
import { type Credentials, findCredentials } from '../../../identity/credentials.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import type { Visit } from '../../protocol.ts'
import type { Format } from '../wire/format.ts'
import type { AnswerStyle } from './answer.ts'
import type { Recipient } from './answer-bodies.ts'
import { type Body, type BodyReaders, readBody } from './body.ts'
import type { Found, KnownAsker, RestCall } from './router.ts'

/** The version that is assumed if a client sends none. */
const NEWEST_VERSION = 6

/** The query of a request, and the form in which it is answered. */
export interface Asked {
  readonly query: URLSearchParams
  readonly style: AnswerStyle
}

/** How settings are written. Throws, also by its promises, what keeps them from being written. */
export interface Ledger {
  /** Resolves when no other program holds the settings, in a turn in which they can be written. */
  ready(): Promise<void>
  /** Writes all that the work writes, or nothing where it fails; answers once the disk has it. */
  commit<T>(work: () => T): Soon<T>
}

export interface CallParts {
  /** The limit for routes that have none of their own. */
  readonly maxBodyBytes: number
  /** The request rates of API keys. */
  readonly keys: KeyAllowances
  readonly ledger: Ledger
}

/** Made for every request, so what few routes need is computed on first use. */
export class IncomingCall implements RestCall, Recipient {
  readonly request: Request
  readonly query: URLSearchParams
  readonly visit: Visit
  readonly style: AnswerStyle
  readonly found: Found
  /** The app in whose statistics the request counts; undefined until the caller is known. */
  countedFor: string | undefined
  allowance: Allowance | undefined
  known: KnownAsker | undefined
  /** The size of the answer in memory until it is written, roughly. */
  bytes = 0
  /** Awaited after the body has arrived and before anything is decided with it. */
  mayAct: (() => Promise<void>) | undefined
  readonly #maxBodyBytes: number
  #credentials: Result<Credentials> | undefined
  readonly #parts: CallParts

  constructor(visit: Visit, { query, style }: Asked, found: Found, parts: CallParts) {
    this.request = visit.request
    this.query = query
    this.visit = visit
    this.style = style
    this.found = found
    this.#maxBodyBytes = found.route.maxBodyBytes ?? parts.maxBodyBytes
    this.#parts = parts
  }

  get credentials(): Result<Credentials> {
    return (this.#credentials ??= findCredentials(this.request.headers, this.query))
  }

  get appId(): string | undefined {
    return this.countedFor
  }

  get address(): string {
    return this.visit.address
  }

  get params(): Readonly<Record<string, string>> {
    return this.found.params
  }

  get format(): Format {
    return this.style.envelope ?? this.style.format
  }

  get origin(): string | null {
    return this.style.origin
  }

  get secure(): boolean {
    return this.visit.secure
  }

  /** Versions may be fractions, such as 1.2. */
  get version(): number {
    const text = this.request.headers.get('x-ably-version') ?? this.query.get('v') ?? ''
    const version = Number.parseFloat(text)
    return Number.isNaN(version) ? NEWEST_VERSION : version
  }

  mayVerify(): boolean {
    return this.visit.mayAttempt()
  }

  body(readers?: BodyReaders): Promise<Result<Body>> {
    return this.#read(readBody(this.visit, this.#maxBodyBytes, readers))
  }

  rawBody(): Promise<Result<Uint8Array>> {
    return this.#read(this.visit.body(this.#maxBodyBytes))
  }

  #read<T>(body: Promise<T>): Promise<T> {
    const { mayAct } = this
    return mayAct ? body.then((read) => mayAct().then(() => read)) : body
  }

  commit<T>(work: () => Result<T>): Soon<Result<T>> {
    return this.#parts.ledger.commit(work)
  }

  countFor(appId: string): void {
    this.countedFor = appId
  }

  charge({ appId, keyId }: Pick<AppPrincipal, 'appId' | 'keyId'>): Failure | undefined {
    this.countedFor = appId
    // A request is charged once, though it may be authenticated again after a wait.
    if (this.allowance) return undefined
    this.allowance = this.#parts.keys.of(appId, keyId)
    return this.allowance.take() ? undefined : failure('key_rate')
  }
}
