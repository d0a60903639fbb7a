/** The HTTP application: health, metrics, documentation and the API. Sockets and push never come here. */
import { type Context, Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { type Identify, apiApp } from '../api/app.ts'
import { errorBody } from '../api/errors.ts'
import type { ApiParts } from '../api/parts.ts'
import { type ErrorPageFormat, errorIndex, errorPage, missingError } from '../docs/errors.ts'
import { docsPage, docsStyle, homePage, missingPage } from '../docs/pages.ts'
import { type Failure, failure, refusalHeaders } from '../failure.ts'
import { HistoryFault } from '../core/history/history.ts'
import { settingsFailure } from '../trouble.ts'
import type { Metrics } from '../ops/metrics.ts'
import { MAX_PATH_LETTERS, type Visit } from '../protocol/protocol.ts'
import { SERVER_HEADER, VERSION } from '../version.ts'
import { splitUrl } from './url.ts'

export interface HttpParts {
  readonly api: ApiParts
  readonly identify: Identify
  /** Undefined where /metrics is served on a port of its own. */
  readonly metrics: Metrics | undefined
  /** Takes over what another process has changed; where only this machine's own user can ask for it. */
  readonly refresh?: () => void
  /** Where the server listens, as this machine's own user may know. */
  readonly addresses?: () => readonly string[]
  /** Why the server cannot take clients now; undefined when it can. */
  readonly notReady: () => string | undefined
  /** What clients of a protocol are told where there is nothing; undefined for those of none. */
  readonly missing?: (request: Request, base: string) => Response | undefined
  readonly basePath: string
  readonly onBug: (error: unknown) => void
}

/** Pages and probes that say nothing that is not for everybody, from wherever they are asked. */
export function isForEverybody(path: string): boolean {
  return PUBLIC.has(path) || path.startsWith('/docs/') || path.startsWith('/errors/')
}

const PUBLIC: ReadonlySet<string> = new Set([
  '/',
  '/health',
  '/ready',
  '/metrics',
  '/is-the-internet-up.txt',
  '/docs',
  '/errors',
  '/openapi.json',
  '/favicon.ico',
])

/** Words a refusal as the API does. */
export function httpRefusal(why: Failure, base: string): Response {
  return new Response(JSON.stringify(errorBody(why, base)), {
    status: why.status,
    headers: { ...SERVER_HEADER, 'content-type': 'application/json', ...refusalHeaders(why) },
  })
}

/** What the front tells of a request. */
export type HttpVisit = Pick<Visit, 'request' | 'path' | 'base' | 'body' | 'failedAttempt'>

export type HttpApp = (visit: HttpVisit) => Response | Promise<Response>

export function httpApp(parts: HttpParts): HttpApp {
  const app = new Hono<{ Bindings: { readonly visit: HttpVisit } }>({
    getPath: (_request, options) => options?.env?.visit.path ?? '/',
  })
  app.use(
    secureHeaders({
      // Whether the owner's whole domain is https only is not ours to say.
      strictTransportSecurity: false,
      // The only image is the icon.
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
      },
    }),
  )
  app.get('/health', (context) => answer(context, 200, { status: 'ok', version: VERSION }))
  app.get('/ready', (context) => {
    const reason = parts.notReady()
    return reason === undefined
      ? answer(context, 200, { status: 'ready', addresses: parts.addresses?.() })
      : answer(context, 503, { status: 'not ready', reason })
  })
  const { refresh } = parts
  if (refresh)
    app.post('/refresh', (context) => {
      refresh()
      return context.body(null, 204)
    })
  // What SDKs ask, in these words, when they cannot connect (RTN17j); pages of any origin do.
  app.get('/is-the-internet-up.txt', (context) => {
    context.header('access-control-allow-origin', '*')
    return context.text('yes\n')
  })
  const { metrics } = parts
  if (metrics) app.get('/metrics', (context) => metricsAnswer(context, metrics))
  app.get('/', (context) => context.html(homePage(parts.basePath)))
  app.get('/docs/style.css', (context) => {
    context.header('cache-control', 'max-age=3600')
    return context.body(docsStyle, 200, { 'content-type': 'text/css; charset=utf-8' })
  })
  // People type what they remember, and a slash behind it.
  for (const path of ['/docs', '/errors'])
    app.get(`${path}/`, (context) => context.redirect(parts.basePath + path, 301))
  app.get('/docs/:page?', (context) => {
    const page = docsPage(context.req.param('page') ?? 'index', parts.basePath)
    return page === undefined ? context.html(missingPage(parts.basePath), 404) : context.html(page)
  })
  app.get('/errors', (context) =>
    errorAnswer(context, 200, (format) => errorIndex(format, parts.basePath)),
  )
  app.get('/errors/:code', (context) => {
    const { basePath } = parts
    const code = context.req.param('code')
    return errorPage(code, 'html', basePath) === undefined
      ? errorAnswer(context, 404, (format) => missingError(format, basePath))
      : errorAnswer(context, 200, (format) => errorPage(code, format, basePath)!)
  })
  // Browsers ask for it beside every page that names no icon, whatever it is.
  app.get('/favicon.ico', (context) => {
    context.header('cache-control', 'max-age=86400')
    return context.redirect(`${parts.basePath}/dashboard/assets/icon.svg`)
  })
  // Where tools look first; the document's own address tells it where the API is.
  app.get('/openapi.json', (context) => context.redirect(`${parts.basePath}/v1/openapi.json`))
  const api = apiApp(parts.api, parts.identify)
  app.route('/v1', api)
  app.route('/api/v1', api)
  app.notFound((context) => {
    const told = parts.missing?.(context.req.raw, context.env.visit.base)
    return told ?? answer(context, 404, errorBody(failure('not_found'), context.env.visit.base))
  })
  app.onError((error, context) => {
    const why = error instanceof HistoryFault ? error.failure : settingsFailure(error)
    if (!why) parts.onBug(error)
    const told = why ?? failure('internal')
    return answer(context, told.status as 500 | 503, errorBody(told, context.env.visit.base))
  })
  return async (visit) => {
    if (visit.path.length > MAX_PATH_LETTERS) return tooLong(visit.base)
    const response = await app.fetch(visit.request, { visit })
    response.headers.set('server', SERVER_HEADER.server)
    return response
  }
}

/** Browsers ask for HTML; whoever asks for text gets what the page is made of. */
function errorAnswer(
  context: Context,
  status: 200 | 404,
  page: (format: ErrorPageFormat) => string,
): Response {
  const accept = context.req.header('accept') ?? ''
  const text = /\btext\/(?:markdown|plain)\b/.exec(accept)?.[0]
  context.header('vary', 'Accept')
  if (text === undefined || accept.includes('text/html')) return context.html(page('html'), status)
  return context.body(page('markdown'), status, { 'content-type': `${text}; charset=utf-8` })
}

function tooLong(base: string): Response {
  const why = failure('path_too_long')
  const headers = { ...SERVER_HEADER, 'content-type': 'application/json' }
  return new Response(JSON.stringify(errorBody(why, base)), { status: why.status, headers })
}

/** Exactly `application/json`: one SDK reads error bodies under no other type. */
function answer(context: Context, status: 200 | 404 | 500 | 503, body: object): Response {
  return context.body(JSON.stringify(body), status, { 'content-type': 'application/json' })
}

/** The answer to a scrape. */
async function metricsAnswer(context: Context, metrics: Metrics): Promise<Response> {
  return context.body(await metrics.text(), 200, { 'content-type': metrics.contentType })
}

/** An application that serves nothing but metrics, for a port of its own. */
export function metricsApp(metrics: Metrics): Hono {
  const app = new Hono({ getPath: (request) => splitUrl(request.url)[0] })
  app.get('/metrics', (context) => metricsAnswer(context, metrics))
  app.get('/health', (context) => answer(context, 200, { status: 'ok', version: VERSION }))
  return app
}
