/** Every address of the dashboard, and what each request passes before a page is asked. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { BlankSchema } from 'hono/types'
import { failure } from '../failure.ts'
import { formToken } from '../identity/web-secret.ts'
import { hasRight } from '../policy/roles.ts'
import type { Actor } from '../service/audit.ts'
import type { Visitor } from '../service/sessions.ts'
import type { SignIn } from '../service/sign-in.ts'
import { SERVER_HEADER } from '../version.ts'
import type { Assets } from './assets.ts'
import { readFields } from './forms.ts'
import type { Notices } from './notices.ts'
import { accountPages } from './pages/account/routes.ts'
import { appPages } from './pages/apps/routes.ts'
import { auditPages } from './pages/audit.tsx'
import { arrivalPages } from './pages/arrivals.tsx'
import { backupPages } from './pages/backups/routes.ts'
import { connectPages } from './pages/connect/page.tsx'
import { doorPages } from './pages/door.tsx'
import { showFailure } from './pages/failures.tsx'
import { providerPages } from './pages/providers.tsx'
import { livePages } from './pages/live/routes.tsx'
import { reservationPages } from './pages/reservations/routes.tsx'
import { statisticsPages } from './pages/statistics/page.tsx'
import { whoPages } from './pages/who/page.tsx'
import type { DashboardParts } from './parts.ts'
import { isOwnOrigin, sessionSecret } from './request.ts'
import { hasFormToken, headers, noStore, recordForgery } from './security.ts'
import { type Env, type Page, goTo, addressOf } from './site.ts'
import { ICON } from './view/icon-file.ts'

export interface RouteParts {
  readonly parts: DashboardParts
  readonly notices: Notices
  readonly signIn: SignIn
  readonly assets: () => Promise<Assets>
}

const MAX_BODY_BYTES = 131_072
const LOOK_ONLY = failure('forbidden', 'your role lets you look, not change')
/** What people do to themselves, whatever their role. */
const OWN_MATTERS =
  /^\/dashboard\/(sign-out|theme|account\/own|claim|invite|who|reservations\/preview)(\/|$)/

export function routes(site: RouteParts): Hono<Env> {
  const app = new Hono<Env>({
    getPath: (_request, options) => options?.env?.visit.path.replace(/(.)\/+$/, '$1') ?? '/',
  })
  app.use(headers(site.parts.publicUrl), noStore, async (page, next) => {
    const { visit } = page.env
    page.set('parts', site.parts)
    page.set('notices', site.notices)
    page.set('signIn', site.signIn)
    page.set('assets', await site.assets())
    const secret = sessionSecret(visit)
    const visitor =
      secret === undefined ? undefined : site.parts.services.sessions.find(secret, visit.address)
    page.set('visitor', visitor)
    page.set('formToken', visitor && secret !== undefined ? formToken(secret) : '')
    await site.parts.services.audit.as(actorOf(visitor, visit.address), next)
    page.header('server', SERVER_HEADER.server)
  })
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (page) => tooLarge(page as Page) }))
  app.use(guardWrites)

  addPages(app.basePath('/dashboard'))
  app.notFound((page) => showFailure(page, failure('not_found')))
  app.onError((error, page) => {
    site.parts.onBug(error)
    return showFailure(page, failure('internal'))
  })
  return app
}

/** What stands before the door is open to everybody, and what comes after it to those who have signed in. */
function addPages(inside: Hono<Env, BlankSchema, '/dashboard'>): void {
  inside.get('/assets/icon.svg', (page) =>
    page.body(ICON, 200, { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=86400' }),
  )
  inside.get('/assets/:file', (page) => {
    const accepted = page.req.header('accept-encoding') ?? ''
    return page.var.assets.answer(page.req.param('file'), accepted) ?? page.notFound()
  })
  inside.route('/', doorPages())
  inside.route('/', arrivalPages())
  inside.route('/', providerPages())
  inside.use(requireVisitor, closeForms)
  inside.route('/', connectPages())
  inside.route('/reservations', reservationPages())
  inside.route('/apps', appPages())
  inside.route('/who', whoPages())
  inside.route('/live', livePages())
  inside.route('/statistics', statisticsPages())
  inside.route('/audit', auditPages())
  inside.route('/backups', backupPages())
  inside.route('/account', accountPages())
}

/** Who changes what this request changes. */
function actorOf(visitor: Visitor | undefined, address: string): Actor {
  return visitor
    ? { kind: 'person', name: visitor.person.email, address }
    : { kind: 'stranger', name: 'somebody not signed in', address }
}

function tooLarge(page: Page): Response | Promise<Response> {
  return showFailure(page, failure('message_too_large', 'what was sent is too large'))
}

/**
 * Nothing is written for a request from elsewhere, whatever the form of its body, or without the token that only
 * our forms have (`hono/csrf` looks at forms only, and would let a cross-site JSON post in).
 */
async function guardWrites(page: Page, next: () => Promise<void>): Promise<Response | void> {
  const { method } = page.req
  if (method === 'GET' || method === 'HEAD') return next()
  if (method !== 'POST') return showFailure(page, failure('method_not_allowed'))
  if (!isOwnOrigin(page.env.visit, page.var.parts.publicUrl)) {
    recordForgery(page)
    return showFailure(page, failure('cross_site'))
  }
  const { visitor } = page.var
  if (!visitor) return next()
  const fields = await readFields(page)
  if (!hasFormToken(page, fields['form'])) {
    return showFailure(page, failure('cross_site', 'the page was too old; open it again'))
  }
  if (!hasRight(visitor.role, 'manage') && !OWN_MATTERS.test(page.env.visit.path)) {
    return showFailure(page, LOOK_ONLY)
  }
  return next()
}

/** Pages that are forms and nothing else. */
const FORMS = /\/(new|edit|remove|revoke|retire|disconnect)$/

/** Whoever may only look is told so before filling in a form, and not when sending it. */
async function closeForms(page: Page, next: () => Promise<void>): Promise<Response | void> {
  const { visitor } = page.var
  if (!visitor || hasRight(visitor.role, 'manage') || !FORMS.test(page.env.visit.path))
    return next()
  return showFailure(page, LOOK_ONLY)
}

/** Sends everybody else to the door, and back here afterwards. */
async function requireVisitor(page: Page, next: () => Promise<void>): Promise<Response | void> {
  if (page.var.visitor) return next()
  if (page.req.method !== 'GET') return showFailure(page, failure('sign_in_needed'))
  const wanted = addressOf(page)
  const asked = wanted === '/' ? '' : `?next=${encodeURIComponent(wanted)}`
  return goTo(page, `/sign-in${asked}`)
}
