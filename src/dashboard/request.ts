/** What a browser's request says of itself: how and from which page it came, and whose session it has. */
import { parse } from 'hono/utils/cookie'
import type { Visit } from '../protocol/protocol.ts'

export const SESSION = 'latchkey-session'

/**
 * Whether the browser came over https. A server behind a proxy that it does not trust hears it from the browser
 * itself, which writes the scheme into the Origin of every form that it posts, and sends some cookies no other way.
 */
export function isSecure(visit: Visit, publicUrl: string | undefined): boolean {
  if (visit.secure || cookieOf(visit, `__Host-${SESSION}`) !== undefined) return true
  if (publicUrl?.startsWith('https:') && hostOf(visit) === new URL(publicUrl).host) return true
  return visit.request.headers.get('origin')?.startsWith('https:') === true
}

export function hostOf({ request }: Visit): string {
  return (request.headers.get('host') ?? '').toLowerCase()
}

/**
 * Cookies do not know ports: without the port in its name, two servers on one machine would sign each other's
 * people out. Browsers take the prefix `__Host-` from https only, and for this host alone.
 */
export function plainSessionName(visit: Visit): string {
  const port = /:(\d+)$/.exec(hostOf(visit))?.[1] ?? '80'
  return `${SESSION}-${port}`
}

/** The secret of the session; over https only from a cookie that nobody but this host can have set. */
export function sessionSecret(visit: Visit): string | undefined {
  const strict = cookieOf(visit, `__Host-${SESSION}`)
  return visit.secure ? strict : (strict ?? cookieOf(visit, plainSessionName(visit)))
}

/** Whether it comes from a page of ours, under the address that browsers see. */
export function isOwnOrigin(visit: Visit, publicUrl: string | undefined): boolean {
  const { headers } = visit.request
  const site = headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin') return false
  const origin = URL.parse(headers.get('origin') ?? '')
  if (!origin) return false
  if (publicUrl !== undefined && origin.origin === new URL(publicUrl).origin) return true
  return (
    origin.host === hostOf(visit) && (origin.protocol === 'https:') === isSecure(visit, publicUrl)
  )
}

function cookieOf({ request }: Visit, name: string): string | undefined {
  const cookies = request.headers.get('cookie')
  return cookies === null ? undefined : parse(cookies, name)[name]
}
