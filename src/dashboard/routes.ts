/** Every address of the dashboard, and the middleware that each request passes. */
import { Hono } from 'hono'
import type { BlankSchema } from 'hono/types'
import { HistoryFault } from '../core/history/history.ts'
import { failure } from '../failure.ts'
import { settingsFailure } from '../trouble.ts'
import { hasRight } from '../policy/roles.ts'
import type { SignIn } from '../service/accounts/sign-in.ts'
import { SERVER_HEADER } from '../version.ts'
import type { Assets } from './assets.ts'
import { LOOK_ONLY, actAs, guardWrites, identifySignedIn } from './guard.ts'
import type { NoticeStore } from './notice-store.ts'
import { accountPages } from './pages/account/routes.ts'
import { appPages } from './pages/apps/routes.ts'
import { auditPages } from './pages/audit.tsx'
import { invitationPages } from './pages/invitations.tsx'
import { backupPages } from './pages/backups/routes.ts'
import { connectPages } from './pages/connect/page.tsx'
import { signInPages } from './pages/sign-in.tsx'
import { showFailure } from './pages/failures.tsx'
import { providerPages } from './pages/providers.tsx'
import { livePages } from './pages/live/routes.tsx'
import { reservationPages } from './pages/reservations/routes.tsx'
import { statisticsPages } from './pages/statistics/page.tsx'
import { accessExplanationPages } from './pages/access-explanation/page.tsx'
import type { DashboardParts } from './parts.ts'
import { headers, noStore } from './security.ts'
import { type Env, type PageRequest, redirectTo, currentPath } from './page-request.ts'
import { ICON } from './view/icon-file.ts'

export interface RouteParts {
  readonly parts: DashboardParts
  readonly notices: NoticeStore
  readonly signIn: SignIn
  readonly assets: () => Promise<Assets>
}

export function routes(site: RouteParts): Hono<Env> {
  const app = new Hono<Env>({
    getPath: (_request, options) => withoutLastSlashes(options?.env?.visit.path ?? '/'),
  })
  app.use(headers(site.parts.publicUrl), noStore, async (page, next) => {
    page.set('parts', site.parts)
    page.set('notices', site.notices)
    page.set('signIn', site.signIn)
    page.set('assets', await site.assets())
    page.set('fields', {})
    identifySignedIn(page)
    await next()
    // An answer is sent only once the disk has what the request wrote.
    await site.parts.services.ledger.settled()
    page.header('server', SERVER_HEADER.server)
  })
  app.use(guardWrites, actAs)

  addPages(app.basePath('/dashboard'))
  app.notFound((page) => showFailure(page, failure('not_found')))
  app.onError((error, page) => {
    const why = error instanceof HistoryFault ? error.failure : settingsFailure(error)
    if (!why) site.parts.onBug(error)
    return showFailure(page, why ?? failure('internal'))
  })
  return app
}

function withoutLastSlashes(path: string): string {
  let end = path.length
  while (end > 1 && path[end - 1] === '/') end--
  return path.slice(0, end)
}

/** Pages before the check are open to everybody, those after it to people who have signed in. */
function addPages(inside: Hono<Env, BlankSchema, '/dashboard'>): void {
  inside.get('/assets/icon.svg', (page) =>
    page.body(ICON, 200, { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=86400' }),
  )
  inside.get('/assets/:file', (page) => {
    const accepted = page.req.header('accept-encoding') ?? ''
    return page.var.assets.answer(page.req.param('file'), accepted) ?? page.notFound()
  })
  inside.route('/', signInPages())
  inside.route('/', invitationPages())
  inside.route('/', providerPages())
  inside.use(redirectStrangers, closeForms)
  inside.route('/', connectPages())
  inside.route('/reservations', reservationPages())
  inside.route('/apps', appPages())
  inside.route('/who', accessExplanationPages())
  inside.route('/live', livePages())
  inside.route('/statistics', statisticsPages())
  inside.route('/audit', auditPages())
  inside.route('/backups', backupPages())
  inside.route('/account', accountPages())
}

/** Pages that are forms and nothing else. */
const FORMS = /\/(new|edit|remove|revoke|retire|disconnect)$/

/** Refuses a form to people who may only look, before they fill it in. */
async function closeForms(page: PageRequest, next: () => Promise<void>): Promise<Response | void> {
  const { signedIn } = page.var
  if (!signedIn || hasRight(signedIn.role, 'manage') || !FORMS.test(page.env.visit.path))
    return next()
  return showFailure(page, LOOK_ONLY)
}

/** Sends whoever is not signed in to the sign-in page, and back here afterwards. */
async function redirectStrangers(
  page: PageRequest,
  next: () => Promise<void>,
): Promise<Response | void> {
  if (page.var.signedIn) return next()
  if (page.req.method !== 'GET') return showFailure(page, failure('sign_in_needed'))
  const wanted = currentPath(page)
  const asked = wanted === '/' ? '' : `?next=${encodeURIComponent(wanted)}`
  return redirectTo(page, `/sign-in${asked}`)
}
