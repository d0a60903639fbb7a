/** The REST interface that Ably's SDKs speak: finds the route, and words the answer as the client wants it. */
import type { AppCounters, Requests } from '../../../core/app-counters.ts'
import type { Failure, Result } from '../../../failure.ts'
import { claimedKeyName } from '../../../identity/claimed-key.ts'
import type { HttpProtocol, Visit } from '../../protocol.ts'
import { type AnswerStyle, type RestAnswer, preflight, refusal, success } from './answer.ts'
import { readBody, wantedFormat } from './format.ts'
import { type Found, type RestRoute, RestRouter } from './routes.ts'

export interface RestParts {
  readonly routes: readonly RestRoute[]
  readonly maxBodyBytes: number
  readonly appCounters: AppCounters
  readonly onRefusal: (why: Failure, detail: RestDetail) => void
}

/** What the log may know of a refused request. */
export interface RestDetail {
  /** The route and not the path, in which somebody may have put a whole key by mistake. */
  readonly route: string
  /** The name of the key in the credentials, else in the path; whether it is theirs or not. */
  readonly key: string | undefined
  readonly channel: string | undefined
  readonly address: string
}

/** What a client speaks that does not say so. */
const NEWEST_VERSION = 6

export class AblyRest implements HttpProtocol {
  readonly name = 'ably-rest'
  readonly #parts: RestParts
  readonly #router: RestRouter
  readonly #roots: ReadonlySet<string>

  constructor(parts: RestParts) {
    this.#parts = parts
    this.#router = new RestRouter(parts.routes)
    this.#roots = new Set(parts.routes.map((route) => rootOf(route.path)))
  }

  owns(path: string): boolean {
    return this.#roots.has(rootOf(path))
  }

  serve(visit: Visit): Response | Promise<Response> {
    if (visit.request.method === 'OPTIONS') return preflight(visit.request)
    const query = new URLSearchParams(visit.query)
    const style = styleOf(visit.request, query)
    const found = this.#router.find(visit.request.method, visit.path)
    if (!found.ok) return this.#refuse(visit, query, found.failure, style)
    const { route, params } = found.value
    let appId: string | undefined
    const countFor = (id: string) => void (appId = id)
    const finish = (result: Result<RestAnswer>) => {
      if (appId !== undefined) this.#count(appId, route, result)
      return result.ok
        ? success(result.value, style)
        : this.#refuse(visit, query, result.failure, style, found.value)
    }
    const maxBytes = route.maxBodyBytes ?? this.#parts.maxBodyBytes
    const body = () => readBody(visit.request, maxBytes)
    const answer = route.handle({ ...callOf(visit, query), params, body, countFor })
    return answer instanceof Promise ? answer.then(finish) : finish(answer)
  }

  #count(appId: string, route: RestRoute, result: Result<RestAnswer>): void {
    const counts = this.#parts.appCounters.of(appId)
    counts[route.countsAs ?? 'apiRequests'][outcomeOf(result)]++
  }

  #refuse(
    visit: Visit,
    query: URLSearchParams,
    why: Failure,
    style: AnswerStyle,
    found?: Found,
  ): Response {
    const { headers } = visit.request
    this.#parts.onRefusal(why, {
      route: found?.route.path ?? rootOf(visit.path),
      key: claimedKeyName(headers, query) ?? found?.params['keyName']?.split(':')[0],
      channel: found?.params['channel'],
      address: visit.address,
    })
    return refusal(why, style, visit.base)
  }
}

function callOf(visit: Visit, query: URLSearchParams) {
  const { request, secure } = visit
  return { request, query, secure, visit, version: versionOf(request, query) }
}

/** Refused is what was not permitted, or was over a limit. */
function outcomeOf(result: Result<RestAnswer>): keyof Requests {
  const status = result.ok ? result.value.status : result.failure.status
  if (status < 400) return 'succeeded'
  return status === 401 || status === 403 || status === 429 ? 'refused' : 'failed'
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

/** Versions may be fractions, as 1.2 was. */
function versionOf(request: Request, query: URLSearchParams): number {
  const version = Number.parseFloat(request.headers.get('x-ably-version') ?? query.get('v') ?? '')
  return Number.isNaN(version) ? NEWEST_VERSION : version
}
