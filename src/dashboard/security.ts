/** What keeps strangers' pages and scripts out: response headers, and the check that a write came from our own page. */
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import { timingSafeEqual } from 'node:crypto'
import { type Failure, failure } from '../failure.ts'
import type { Visit } from '../protocol/protocol.ts'
import { proxyFault } from './request.ts'
import type { Env, PageRequest } from './page-request.ts'

/**
 * Scripts and styles come from files of ours only; pages talk to this server, under the address of the page or
 * the one that clients use.
 */
export function headers(publicUrl: string | undefined) {
  const origin = publicUrl === undefined ? undefined : new URL(publicUrl).origin
  const elsewhere = origin === undefined ? [] : [origin, origin.replace(/^http/, 'ws')]
  return secureHeaders({
    // Whether the host is https only, and for how long, is the owner's decision.
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'", ...elsewhere],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    // Under `no-referrer` browsers post forms with `Origin: null`, which the check below could not tell from a stranger's.
    referrerPolicy: 'same-origin',
    permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
  })
}

/** Keeps private pages out of caches, and from the back button after signing out. */
export const noStore = createMiddleware<Env>(async (page, next) => {
  await next()
  if (!page.res.headers.has('cache-control')) page.header('cache-control', 'no-store')
})

/** Whether the form carries the token of the session that it came with. */
export function hasFormToken(page: PageRequest, given: unknown): boolean {
  const wanted = Buffer.from(page.var.formToken)
  const got = Buffer.from(typeof given === 'string' ? given : '')
  return wanted.length === got.length && timingSafeEqual(wanted, got)
}

/** Why a write from another site's page is refused, or from ours when a proxy makes it look like one. */
export function forgery(visit: Visit): Failure {
  return failure('cross_site', proxyFault(visit))
}
