/**
 * The dashboard: server-rendered pages under `/dashboard`, for people who have signed in, and the socket over which
 * open pages get updates.
 */
import type { Hono } from 'hono'
import { failure } from '../failure.ts'
import {
  MAX_PATH_LETTERS,
  type Opening,
  type SocketEndpoint,
  type Visit,
} from '../protocol/protocol.ts'
import { SignIn } from '../service/accounts/sign-in.ts'
import { Assets } from './assets.ts'
import { LiveViews } from './live/live-views.ts'
import { NoticeStore } from './notice-store.ts'
import { SOCKET_PATH } from './pages/live/paths.ts'
import type { DashboardParts } from './parts.ts'
import { isOwnOrigin } from './request.ts'
import { routes } from './routes.ts'
import { forgery } from './security.ts'
import type { Env } from './page-request.ts'

const ROOT = '/dashboard'

export class Dashboard implements SocketEndpoint {
  readonly name = 'dashboard'
  readonly guardsOrigin = true
  readonly #parts: DashboardParts
  readonly #app: Hono<Env>
  readonly #views: LiveViews
  #assets: Promise<Assets> | undefined

  constructor(parts: DashboardParts) {
    this.#parts = parts
    const { sessions } = parts.services
    this.#app = routes({
      parts,
      notices: new NoticeStore(),
      signIn: new SignIn(parts.services, parts.clock),
      // Built for the first page, so that the start of the server does not wait for it.
      assets: () => (this.#assets ??= Assets.build()),
    })
    this.#views = new LiveViews({
      ...parts,
      sessions,
      draw: (visit, path) => this.#draw(visit, path),
    })
  }

  owns(path: string): boolean {
    return path.startsWith(ROOT) && (path.length === ROOT.length || path[ROOT.length] === '/')
  }

  serve(visit: Visit): Response | Promise<Response> {
    if (visit.path.length > MAX_PATH_LETTERS) {
      const why = failure('path_too_long')
      return new Response(`${why.message}\n`, { status: why.status })
    }
    return this.#app.fetch(visit.request, { visit })
  }

  /** Browsers send cookies with connections from any page, so only pages of this server are let in. */
  connect(visit: Visit): Response | Opening {
    const { onRefusal, publicUrl } = this.#parts
    if (visit.path !== ROOT + SOCKET_PATH) return new Response(null, { status: 404 })
    if (isOwnOrigin(visit, publicUrl)) return this.#views.connect(visit)
    const why = forgery(visit)
    onRefusal(why, { address: visit.address })
    return new Response(`${why.message}\n`, { status: why.status })
  }

  stop(): void {
    this.#views.stop()
  }

  /** Renders the page that the browser of a visit would get; undefined where the answer is no page. */
  async #draw(visit: Visit, path: string): Promise<string | undefined> {
    const { headers } = visit.request
    // Pages read the Host header, so the host of this URL does not matter.
    const { href, pathname, search } = new URL(ROOT + path, 'http://localhost')
    const request = new Request(href, { headers })
    const asked = { ...visit, request, path: pathname, query: search.slice(1) }
    const answer = await this.#app.fetch(request, { visit: asked })
    return answer.status === 200 ? answer.text() : undefined
  }
}
