/** Serves the routes of Ably's HTTP interfaces: REST, Chat and streams. */
import type { AppCounters, Requests } from '../../../core/counting/app-counters.ts'
import type { FairTurns } from '../../../core/time/fair-turns.ts'
import { HistoryFault } from '../../../core/history/history.ts'
import { type Failure, type Result, failure, isBadCredential } from '../../../failure.ts'
import { claimedKeyName } from '../../../identity/claimed-key.ts'
import { isUtf8Form } from '../../../text/form.ts'
import type { Budget } from '../../../policy/budget.ts'
import type { Endpoint, Visit } from '../../protocol.ts'
import { settingsFailure } from '../../../trouble.ts'
import { AnswerBodies } from './answer-bodies.ts'
import { type AnswerStyle, type MakeBody, type RestAnswer, refusal, success } from './answer.ts'
import { preflight } from './cors.ts'
import { wantedFormat } from './body.ts'
import { type Asked, type CallParts, IncomingCall } from './incoming-call.ts'
import { type Found, type RestRoute, RestRouter } from './router.ts'

export interface HttpParts extends CallParts {
  readonly routes: readonly RestRoute[]
  readonly appCounters: AppCounters
  /** Memory for answers that clients have not read yet. */
  readonly unread: Budget
  /** The share of an app, among which that memory is divided. */
  readonly shareOf: (appId: string) => string
  readonly turns: FairTurns
  readonly onBug: (error: unknown) => void
  readonly onRefusal: (why: Failure, detail: RestDetail) => void
}

/** What the log may contain about a refused request. */
export interface RestDetail {
  /** The route, and not the path, which may contain a whole key by mistake. */
  readonly route: string
  /** The claimed name of the key, from the credentials or else from the path. */
  readonly key: string | undefined
  readonly channel: string | undefined
  readonly address: string
}

/** Each so many bytes of an answer are charged to the key as another request. */
const BYTES_PER_REQUEST = 8192

/** Shared by requests without a query; it must not be changed. */
const NO_QUERY = Object.freeze(
  // Each request asks for half a dozen parameters; a real one leaves the JavaScript engine for each.
  Object.assign(new URLSearchParams(), { get: () => null, has: () => false }),
)

export class AblyHttp implements Endpoint {
  readonly name = 'ably-rest'
  readonly #parts: HttpParts
  readonly #router: RestRouter
  readonly #makeBody: MakeBody
  readonly #roots: ReadonlySet<string>

  constructor(parts: HttpParts) {
    this.#parts = parts
    this.#router = new RestRouter(parts.routes)
    const bodies = new AnswerBodies({ ...parts, budget: parts.unread })
    this.#makeBody = (value, format, recipient) => bodies.of(value, format, recipient)
    this.#roots = new Set(parts.routes.map((route) => rootOf(route.path)))
  }

  owns(path: string): boolean {
    return this.#roots.has(rootOf(path))
  }

  serve(visit: Visit): Response | Promise<Response> {
    const { method } = visit.request
    if (method === 'OPTIONS') return preflight(visit.request)
    if (method !== 'HEAD') return this.#answer(visit, method)
    const answer = this.#answer(visit, 'GET')
    return answer instanceof Promise ? answer.then(withoutBody) : withoutBody(answer)
  }

  refuse({ base, query, request }: Visit, why: Failure): Response {
    const style = { ...styleOf(request, new URLSearchParams(query)), origin: null }
    return refusal(why, style, base)
  }

  #answer(visit: Visit, method: string): Response | Promise<Response> {
    const query = visit.query === '' ? NO_QUERY : new URLSearchParams(visit.query)
    const asked = { query, style: styleOf(visit.request, query) }
    const found = this.#router.find(method, visit.path)
    if (!found.ok) return this.#refuse(visit, asked, found.failure)
    if (!isUtf8Form(visit.query)) return this.#refuse(visit, asked, failure('bad_query'))
    const call = new IncomingCall(visit, asked, found.value, this.#parts)
    try {
      const { route } = found.value
      const answer = route.writes ? this.#write(route, call) : route.handle(call)
      return answer instanceof Promise
        ? answer.then(
            (result) => this.#finish(call, result),
            (error: unknown) => this.#finish(call, this.#broken(error)),
          )
        : this.#finish(call, answer)
    } catch (error) {
      return this.#finish(call, this.#broken(error))
    }
  }

  /** Runs a route that changes settings in a turn in which no other process holds them. */
  async #write(route: RestRoute, call: IncomingCall): Promise<Result<RestAnswer>> {
    const { ledger } = this.#parts
    if (route.method === 'DELETE') await ledger.ready()
    else call.mayAct = () => ledger.ready()
    return route.handle(call)
  }

  /** Turns an exception into an answer: a fault of the disk, or a bug, which is reported. */
  #broken(error: unknown): Result<RestAnswer> {
    const why = error instanceof HistoryFault ? error.failure : settingsFailure(error)
    if (!why) this.#parts.onBug(error)
    return { ok: false, failure: why ?? failure('internal') }
  }

  #finish(call: IncomingCall, result: Result<RestAnswer>): Response {
    const { allowance, countedFor, found, style, visit } = call
    if (countedFor !== undefined) this.#count(countedFor, found.route, result)
    if (!result.ok) return this.#refuse(visit, call, result.failure, found)
    call.bytes = result.value.bytes ?? 0
    if (call.bytes > 0) allowance?.spend(Math.floor(call.bytes / BYTES_PER_REQUEST))
    const response = success(result.value, style, this.#makeBody, call)
    return response.ok ? response.value : this.#refuse(visit, call, response.failure, found)
  }

  #count(appId: string, route: RestRoute, result: Result<RestAnswer>): void {
    const counts = this.#parts.appCounters.of(appId)
    counts[route.countsAs ?? 'apiRequests'][outcomeOf(result)]++
  }

  #refuse(visit: Visit, { query, style }: Asked, reason: Failure, found?: Found): Response {
    const { headers } = visit.request
    const isTold = !isBadCredential(reason) || visit.failedAttempt()
    const why = isTold ? reason : failure('attempt_rate')
    this.#parts.onRefusal(why, {
      route: found?.route.path ?? rootOf(visit.path),
      key: claimedKeyName(headers, query) ?? found?.params['keyName']?.split(':')[0],
      channel: found?.params['channel'],
      address: visit.address,
    })
    return refusal(why, style, visit.base)
  }
}

/**
 * The answer to SDKs for an unknown path (HP6, HP7), with a message that ably-ruby is tested for; undefined for other
 * clients, which send no protocol version (RSC7e).
 * @param base as `Visit` has it
 */
export function nothingThere(request: Request, base: string): Response | undefined {
  if (!request.headers.has('x-ably-version')) return undefined
  const query = new URLSearchParams(splitQuery(request.url))
  return refusal(failure('not_found', NOTHING), styleOf(request, query), base)
}

const NOTHING = 'Could not find anything at this path'

function splitQuery(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? '' : url.slice(mark + 1)
}

/** How a request counts in statistics: refused means not permitted or over a limit. */
function outcomeOf(result: Result<RestAnswer>): keyof Requests {
  const status = result.ok ? result.value.status : result.failure.status
  if (status < 400) return 'succeeded'
  return status === 401 || status === 403 || status === 429 ? 'refused' : 'failed'
}

/** Cancels the body, or a stream would continue without a reader. */
function withoutBody(answer: Response): Response {
  void answer.body?.cancel()
  return new Response(null, { status: answer.status, headers: answer.headers })
}

function rootOf(path: string): string {
  const end = path.indexOf('/', 1)
  return end < 0 ? path : path.slice(0, end)
}

function styleOf(request: Request, query: URLSearchParams): AnswerStyle {
  const envelope = query.get('envelope')
  return {
    format: wantedFormat(request, query),
    envelope: envelope === 'json' || envelope === 'msgpack' ? envelope : undefined,
    origin: request.headers.get('origin'),
  }
}
