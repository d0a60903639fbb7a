/** One request on its way through a route. */
import type { Result } from '../../../failure.ts'
import type { Visit } from '../../protocol.ts'
import type { Format } from '../wire/format.ts'
import type { AnswerStyle } from './answer.ts'
import { type Body, readBody } from './format.ts'
import type { Found, RestCall } from './routes.ts'

/** What a client speaks that does not say so. */
const NEWEST_VERSION = 6

/** Made for every request, so that what most of them never ask for is worked out only when it is asked. */
export class IncomingCall implements RestCall {
  readonly request: Request
  readonly query: URLSearchParams
  readonly visit: Visit
  readonly style: AnswerStyle
  readonly found: Found
  /** The app in whose statistics it counts, once somebody has said so. */
  countedFor: string | undefined
  readonly #maxBodyBytes: number

  constructor(
    visit: Visit,
    query: URLSearchParams,
    style: AnswerStyle,
    found: Found,
    maxBodyBytes: number,
  ) {
    this.request = visit.request
    this.query = query
    this.visit = visit
    this.style = style
    this.found = found
    this.#maxBodyBytes = found.route.maxBodyBytes ?? maxBodyBytes
  }

  get params(): Readonly<Record<string, string>> {
    return this.found.params
  }

  get format(): Format {
    return this.style.envelope ?? this.style.format
  }

  get secure(): boolean {
    return this.visit.secure
  }

  /** Versions may be fractions, as 1.2 was. */
  get version(): number {
    const text = this.request.headers.get('x-ably-version') ?? this.query.get('v') ?? ''
    const version = Number.parseFloat(text)
    return Number.isNaN(version) ? NEWEST_VERSION : version
  }

  body(): Promise<Result<Body>> {
    return readBody(this.visit, this.#maxBodyBytes)
  }

  bytes(): Promise<Result<Uint8Array>> {
    return this.visit.body(this.#maxBodyBytes)
  }

  countFor(appId: string): void {
    this.countedFor = appId
  }
}
