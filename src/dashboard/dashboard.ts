/** The dashboard: server-rendered pages under `/dashboard`, for people who have signed in. */
import type { Hono } from 'hono'
import type { HttpProtocol, Visit } from '../protocol/protocol.ts'
import { SignIn } from '../service/sign-in.ts'
import { Assets } from './assets.ts'
import { Notices } from './notices.ts'
import type { DashboardParts } from './parts.ts'
import { routes } from './routes.ts'
import type { Env } from './site.ts'

const ROOT = '/dashboard'

export class Dashboard implements HttpProtocol {
  readonly name = 'dashboard'
  readonly #app: Hono<Env>
  #assets: Promise<Assets> | undefined

  constructor(parts: DashboardParts) {
    const { people, sessions } = parts.services
    this.#app = routes({
      parts,
      notices: new Notices(),
      signIn: new SignIn(people, sessions, parts.clock),
      // Built when the first page is asked for, so that a server that nobody looks at does not wait for it.
      assets: () => (this.#assets ??= Assets.build()),
    })
  }

  owns(path: string): boolean {
    return path.startsWith(ROOT) && (path.length === ROOT.length || path[ROOT.length] === '/')
  }

  serve(visit: Visit): Response | Promise<Response> {
    return this.#app.fetch(visit.request, { visit })
  }
}
