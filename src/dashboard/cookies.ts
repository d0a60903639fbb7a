/** The cookies of the dashboard: who is signed in, and whether pages are light or dark. */
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { SESSION_MS } from '../service/accounts/sessions.ts'
import { SESSION, isSecure, plainSessionName } from './request.ts'
import type { PageRequest } from './page-request.ts'

const JOURNEY = 'latchkey-journey'
/** Readable by scripts, which set it too; it is no secret. */
export const THEME = 'latchkey-theme'
const THEMES = ['light', 'dark'] as const

export type Theme = (typeof THEMES)[number]

export function keepSession(page: PageRequest, secret: string): void {
  const shared = { httpOnly: true, sameSite: 'Lax', path: '/', maxAge: SESSION_MS / 1000 } as const
  if (isOverHttps(page))
    setCookie(page, SESSION, secret, { ...shared, secure: true, prefix: 'host' })
  else setCookie(page, plainSessionName(page.env.visit), secret, shared)
}

export function dropSession(page: PageRequest): void {
  deleteCookie(page, SESSION, { prefix: 'host', path: '/', secure: true })
  deleteCookie(page, plainSessionName(page.env.visit), { path: '/' })
}

/** What is remembered of a sign-in with a provider, while somebody is there. */
export function keepJourney(page: PageRequest, sealed: Buffer): void {
  const value = sealed.toString('base64url')
  // Lax, because the way back begins at the provider.
  const shared = { httpOnly: true, sameSite: 'Lax', path: '/', maxAge: 600 } as const
  if (isOverHttps(page))
    setCookie(page, JOURNEY, value, { ...shared, secure: true, prefix: 'host' })
  else setCookie(page, JOURNEY, value, shared)
}

export function sealedJourney(page: PageRequest): Buffer | undefined {
  const strict = getCookie(page, JOURNEY, 'host')
  const value = page.env.visit.secure ? strict : (strict ?? getCookie(page, JOURNEY))
  return value === undefined ? undefined : Buffer.from(value, 'base64url')
}

export function dropJourney(page: PageRequest): void {
  deleteCookie(page, JOURNEY, { prefix: 'host', path: '/', secure: true })
  deleteCookie(page, JOURNEY, { path: '/' })
}

/** Undefined follows the system. */
export function themeOf(page: PageRequest): Theme | undefined {
  const wanted = getCookie(page, THEME)
  return THEMES.find((theme) => theme === wanted)
}

export function keepTheme(page: PageRequest, theme: Theme | undefined): void {
  if (theme === undefined) deleteCookie(page, THEME, { path: '/' })
  else setCookie(page, THEME, theme, { path: '/', sameSite: 'Lax', maxAge: 31_536_000 })
}

function isOverHttps(page: PageRequest): boolean {
  return isSecure(page.env.visit, page.var.parts.publicUrl)
}
