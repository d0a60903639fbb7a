/** The REST interface that Ably's SDKs speak: finds the route, and words the answer as the client wants it. */
import type { Failure, Result } from '../../../failure.ts'
import type { HttpProtocol, Visit } from '../../protocol.ts'
import { type AnswerStyle, type RestAnswer, preflight, refusal, success } from './answer.ts'
import { readBody, wantedFormat } from './format.ts'
import { type RestCall, type RestRoute, RestRouter } from './routes.ts'

export interface RestParts {
  readonly routes: readonly RestRoute[]
  readonly maxBodyBytes: number
  readonly onRefusal: (why: Failure, detail: RestDetail) => void
}

/** What the log may know of a refused request: the path holds names and no secret. */
export interface RestDetail {
  readonly path: string
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
    if (!found.ok) return this.#refuse(visit, found.failure, style)
    const answer = found.value.route.handle(this.#call(visit, query, found.value.params))
    if (answer instanceof Promise)
      return answer.then((result) => this.#answer(visit, result, style))
    return this.#answer(visit, answer, style)
  }

  #call(visit: Visit, query: URLSearchParams, params: Record<string, string>): RestCall {
    const { request } = visit
    return {
      request,
      params,
      query,
      address: visit.address,
      secure: visit.secure,
      version: versionOf(request, query),
      body: () => readBody(request, this.#parts.maxBodyBytes),
    }
  }

  #answer(visit: Visit, result: Result<RestAnswer>, style: AnswerStyle): Response {
    return result.ok ? success(result.value, style) : this.#refuse(visit, result.failure, style)
  }

  #refuse(visit: Visit, why: Failure, style: AnswerStyle): Response {
    this.#parts.onRefusal(why, { path: visit.path, address: visit.address })
    return refusal(why, style)
  }
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
