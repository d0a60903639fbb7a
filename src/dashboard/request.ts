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
    origin.host === hostUnder(origin, visit) &&
    (origin.protocol === 'https:') === isSecure(visit, publicUrl)
  )
}

/** The host that was asked, without the port that the scheme of the page has anyway: some proxies write it. */
function hostUnder({ protocol }: URL, visit: Visit): string | undefined {
  return URL.parse(`${protocol}//${hostOf(visit)}`)?.host
}

/**
 * What a proxy in between does to the pages of the dashboard, if it is to blame that they seem to come from
 * elsewhere, and what to change; undefined where it was another site's page, which is told nothing.
 */
export function proxyFault(visit: Visit): string | undefined {
  const { headers } = visit.request
  const page = URL.parse(headers.get('origin') ?? '')
  if (!page || !isHost(page.host)) return undefined
  const site = headers.get('sec-fetch-site')
  const asked = hostUnder(page, visit)
  // Older browsers, and those of plain http, do not say where a request comes from: the name has to do.
  const isOurs = site === null ? nameOf(asked) === page.hostname : site === 'same-origin'
  if (!isOurs || asked === page.host) return undefined
  return (
    `the page is at ${page.origin}, and the proxy asks for ${isHost(hostOf(visit)) ? hostOf(visit) : 'another host'}: ` +
    `let it pass the Host header on as it came (nginx: proxy_set_header Host $http_host;), ` +
    `or start the server with --public-url ${page.origin}`
  )
}

/** What is shown in a page and in the log is no longer than a name, and has none but its letters. */
function isHost(text: string): boolean {
  return text.length <= 260 && HOST.test(text)
}

const HOST = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/

function nameOf(host: string | undefined): string | undefined {
  return host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname
}

function cookieOf({ request }: Visit, name: string): string | undefined {
  const cookies = request.headers.get('cookie')
  return cookies === null ? undefined : parse(cookies, name)[name]
}
