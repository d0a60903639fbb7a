/** The cookies of the dashboard: who is signed in, and whether pages are light or dark. */
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { SESSION_MS } from '../service/sessions.ts'
import type { Page } from './site.ts'

const SESSION = 'latchkey-session'
const JOURNEY = 'latchkey-journey'
const THEME = 'latchkey-theme'
const THEMES = ['light', 'dark'] as const

export type Theme = (typeof THEMES)[number]

/**
 * Whether the browser came over https. A server behind a proxy that it does not trust hears it from the browser
 * itself, which writes the scheme into the Origin of every form that it posts, and sends some cookies no other way.
 */
export function isSecure(page: Page): boolean {
  if (page.env.visit.secure || getCookie(page, SESSION, 'host') !== undefined) return true
  const { publicUrl } = page.var.parts
  if (publicUrl?.startsWith('https:') && hostOf(page) === new URL(publicUrl).host) return true
  return page.req.header('origin')?.startsWith('https:') === true
}

export function hostOf(page: Page): string {
  return (page.req.header('host') ?? '').toLowerCase()
}

/**
 * Cookies do not know ports: without the port in its name, two servers on one machine would sign each other's
 * people out. Browsers take the prefix `__Host-` from https only, and for this host alone.
 */
function plainName(page: Page): string {
  const port = /:(\d+)$/.exec(hostOf(page))?.[1] ?? '80'
  return `${SESSION}-${port}`
}

/** The secret of the session; over https only from a cookie that nobody but this host can have set. */
export function sessionSecret(page: Page): string | undefined {
  const strict = getCookie(page, SESSION, 'host')
  return page.env.visit.secure ? strict : (strict ?? getCookie(page, plainName(page)))
}

export function keepSession(page: Page, secret: string): void {
  const shared = { httpOnly: true, sameSite: 'Lax', path: '/', maxAge: SESSION_MS / 1000 } as const
  if (isSecure(page)) setCookie(page, SESSION, secret, { ...shared, secure: true, prefix: 'host' })
  else setCookie(page, plainName(page), secret, shared)
}

export function dropSession(page: Page): void {
  deleteCookie(page, SESSION, { prefix: 'host', path: '/', secure: true })
  deleteCookie(page, plainName(page), { path: '/' })
}

/** What is remembered of a sign-in with a provider, while somebody is there. */
export function keepJourney(page: Page, sealed: Buffer): void {
  const value = sealed.toString('base64url')
  // Lax, because the way back begins at the provider.
  const shared = { httpOnly: true, sameSite: 'Lax', path: '/', maxAge: 600 } as const
  if (isSecure(page)) setCookie(page, JOURNEY, value, { ...shared, secure: true, prefix: 'host' })
  else setCookie(page, JOURNEY, value, shared)
}

export function sealedJourney(page: Page): Buffer | undefined {
  const strict = getCookie(page, JOURNEY, 'host')
  const value = page.env.visit.secure ? strict : (strict ?? getCookie(page, JOURNEY))
  return value === undefined ? undefined : Buffer.from(value, 'base64url')
}

export function dropJourney(page: Page): void {
  deleteCookie(page, JOURNEY, { prefix: 'host', path: '/', secure: true })
  deleteCookie(page, JOURNEY, { path: '/' })
}

/** Undefined follows the system. */
export function themeOf(page: Page): Theme | undefined {
  const wanted = getCookie(page, THEME)
  return THEMES.find((theme) => theme === wanted)
}

export function keepTheme(page: Page, theme: Theme | undefined): void {
  if (theme === undefined) deleteCookie(page, THEME, { path: '/' })
  else setCookie(page, THEME, theme, { path: '/', sameSite: 'Lax', maxAge: 31_536_000 })
}
