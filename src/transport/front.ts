/**
 * The front door: every request of the main port comes through here. Upgrades and push go straight to their
 * protocol, because they are many; everything else goes to the HTTP application.
 */
import type { Server } from 'bun'
import { type Failure, failure, refusalHeaders } from '../failure.ts'
import { isOriginAllowed } from '../policy/origin.ts'
import type { Endpoint, SocketEndpoint, Visit } from '../protocol/protocol.ts'
import { SERVER_HEADER } from '../version.ts'
import { Arrival, type ArrivalContext, type ArrivalParts } from './arrival.ts'
import { Connection } from './connection.ts'
import { type HttpApp, httpRefusal, isForEverybody } from './http.ts'
import type { Silence } from './silence.ts'
import { Turns } from './turns.ts'
import { splitUrl } from './url.ts'

export interface FrontParts extends ArrivalParts {
  /** In the order in which they are asked whether a request is theirs. */
  readonly endpoints: readonly (SocketEndpoint | Endpoint)[]
  readonly silence: Silence
  /** Of the process: whether there are few left. */
  readonly files: { readonly isScarce: boolean }
  readonly allowedOrigins: readonly string[]
  /** Answers what is for no protocol. */
  readonly http: HttpApp
  readonly isDraining: () => boolean
  /** Milliseconds of a clock that never steps. */
  readonly elapsed: () => number
  readonly onRefusal: (why: Failure, detail: FrontDetail) => void
  readonly onBug: (error: unknown) => void
}

/** Undefined where there is none any more: the request has become a WebSocket. */
type Answer = Response | Promise<Response | undefined> | undefined

/** What the log may know of a request that was turned away at the door. */
export interface FrontDetail {
  readonly address: string
  readonly origin?: string
}

export class Front {
  readonly #parts: FrontParts
  readonly #allowsEveryOrigin: boolean
  readonly #turns: Turns
  /** The last one that was found to be: nearly all requests have the same. */
  #usableAuthority = ''
  #nextId = 1
  #context: ArrivalContext | undefined

  constructor(parts: FrontParts) {
    this.#parts = parts
    this.#turns = new Turns(parts.elapsed)
    this.#allowsEveryOrigin = parts.allowedOrigins.includes('*')
  }

  /** Bun's `error`: what a request is answered that ran into a bug. */
  bug(error: unknown): Response {
    this.#parts.onBug(error)
    return plain(failure('internal'))
  }

  /** Bun's `fetch`; undefined once a request has become a WebSocket. */
  fetch(request: Request, server: Server<Connection>): Answer {
    const answer = this.#answer(request, server)
    if (answer === undefined || !this.#parts.files.isScarce) return answer
    return answer instanceof Promise ? answer.then(asLast) : asLast(answer)
  }

  #answer(request: Request, server: Server<Connection>): Answer {
    const [whole, query, authority] = splitUrl(request.url)
    if (!this.#isHostUsable(authority, request)) return this.#refuseHost(request, server)
    const path = this.#localPath(whole)
    if (path === undefined)
      return endUnread(plain(failure('not_found')), { isWhole: false, request })
    const visit = new Arrival(request, path, query, this.#contextOf(server))
    if (this.#turns.hasTime()) return this.#serve(visit, server)
    return this.#turns.wait(visit).then(() => this.#serve(visit, server))
  }

  /** Made once, because there is one main listener. */
  #contextOf(server: Server<Connection>): ArrivalContext {
    if (this.#context?.server === server) return this.#context
    const { admission, basePath, bodies, trustedProxies } = this.#parts
    const turns = this.#turns
    this.#context = { admission, basePath, bodies, trustedProxies, server, turns }
    return this.#context
  }

  #serve(visit: Arrival, server: Server<Connection>): Answer {
    const answer = this.#answerOf(visit, server)
    if (visit.isWhole || answer === undefined) return answer
    return answer instanceof Promise
      ? answer.then((late) => endUnread(late, visit))
      : endUnread(answer, visit)
  }

  #answerOf(visit: Visit, server: Server<Connection>): Answer {
    const { path, request } = visit
    const upgrade = isUpgrade(request)
    const protocol = this.#protocolOf(path, upgrade, request)
    const turned = this.#turnAway(visit, protocol)
    if (turned) return turned
    if (!protocol) return this.#parts.http(visit)
    if (!('connect' in protocol) || !upgrade) return protocol.serve(visit)
    return this.#connect(visit, protocol, server)
  }

  /**
   * Whether the name by which the client addresses this server can stand in an address, as it does in answers and
   * on pages (RFC 9112 3.2). Clients that name none are those of HTTP/1.0.
   */
  #isHostUsable(authority: string, request: Request): boolean {
    if (authority === '') return !request.headers.get('host')
    if (authority === this.#usableAuthority) return true
    if (!URL.canParse(`http://${authority}/`)) return false
    this.#usableAuthority = authority
    return true
  }

  #refuseHost(request: Request, server: Server<Connection>): Response {
    const visit = new Arrival(request, '', '', this.#contextOf(server))
    const why = failure('bad_request', 'the Host header is not valid')
    return endUnread(this.#refuse(why, { address: visit.address }), visit)
  }

  /** What holds for everything that a stranger can do here, whichever way they come. */
  #turnAway(visit: Visit, protocol: Endpoint | undefined): Response | undefined {
    if (protocol ? protocol.guardsOrigin === true : isForEverybody(visit.path)) return undefined
    const origin = this.#foreignOrigin(visit.request)
    if (origin !== undefined) {
      const told = origin.slice(0, MAX_LOGGED_ORIGIN)
      return this.#word(visit, protocol, failure('origin_refused'), { origin: told })
    }
    const isOut = this.#parts.admission.isBanned(visit)
    return isOut ? this.#word(visit, protocol, failure('banned'), {}) : undefined
  }

  /** The origin of a page that may not come in; a preflight has one as well, and programs have none. */
  #foreignOrigin({ headers }: Request): string | undefined {
    if (this.#allowsEveryOrigin) return undefined
    const origin = headers.get('origin')
    return isOriginAllowed(origin, this.#parts.allowedOrigins) ? undefined : origin!
  }

  /** Refuses somebody in the words of the protocol that they speak. */
  #word(
    visit: Visit,
    protocol: Endpoint | undefined,
    why: Failure,
    detail: Omit<FrontDetail, 'address'>,
  ): Response {
    this.#parts.onRefusal(why, { address: visit.address, ...detail })
    if (!protocol) return httpRefusal(why, visit.base)
    return isUpgrade(visit.request) || !protocol.refuse ? plain(why) : protocol.refuse(visit, why)
  }

  #protocolOf(
    path: string,
    upgrade: boolean,
    request: Request,
  ): SocketEndpoint | Endpoint | undefined {
    for (const protocol of this.#parts.endpoints)
      if (protocol.owns(path, upgrade, request)) return protocol
    return undefined
  }

  #connect(
    visit: Visit,
    protocol: SocketEndpoint,
    server: Server<Connection>,
  ): Response | undefined {
    const full = this.#refuseConnection(visit)
    if (full) return full
    const opening = protocol.connect(visit)
    if (opening instanceof Response) return opening
    const connection = new Connection(this.#nextId++, visit.address, opening, this.#parts)
    // The socket opens before this returns, so what the protocol decided still holds.
    const upgraded = server.upgrade(visit.request, { data: connection })
    if (upgraded) return undefined
    const why = failure('bad_request', 'the WebSocket handshake is malformed')
    return this.#refuse(why, { address: visit.address })
  }

  #refuseConnection({ address }: Visit): Response | undefined {
    if (this.#parts.isDraining()) return this.#refuse(failure('restarting'), { address })
    const full = this.#parts.admission.refuse(address)
    return full && this.#refuse(failure(full), { address })
  }

  #refuse(why: Failure, detail: FrontDetail): Response {
    this.#parts.onRefusal(why, detail)
    return plain(why)
  }

  /** The path below the base path. Health checks of the machine itself need not know the base path. */
  #localPath(path: string): string | undefined {
    const { basePath } = this.#parts
    if (basePath === '' || path === '/health' || path === '/ready' || path === '/metrics')
      return path
    if (path === basePath) return '/'
    return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : undefined
  }
}

/** A scheme, a name of 253 letters and a port. */
const MAX_LOGGED_ORIGIN = 300

function plain(why: Failure): Response {
  const headers = {
    ...SERVER_HEADER,
    'content-type': 'text/plain; charset=utf-8',
    ...refusalHeaders(why),
  }
  return new Response(`${why.message}\n`, { status: why.status, headers })
}

/** An upgrade is a GET (RFC 6455 4.1); asking for the method first spares pushes the look at a header. */
function isUpgrade(request: Request): boolean {
  if (request.method !== 'GET') return false
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket'
}

/** A request, and whether it is known how much of its body is left to be read. */
type Unread = Pick<Arrival, 'isWhole' | 'request'>

/**
 * Ends the connection of a request whose body comes in pieces and was not read to its end: the rest would be taken
 * apart for nobody (RFC 9112 9.3).
 */
function endUnread<T extends Response | undefined>(response: T, { isWhole, request }: Unread): T {
  return !isWhole && request.headers.has('transfer-encoding') ? asLast(response) : response
}

/** With which the connection ends, that would otherwise be kept for the next request. */
function asLast<T extends Response | undefined>(response: T): T {
  if (response === undefined) return response
  response.headers.set('connection', 'close')
  return response
}
