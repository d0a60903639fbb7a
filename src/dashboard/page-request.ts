/** The request for a page: what the middleware found out about it, and the helpers that all handlers use. */
import type { Context } from 'hono'
import type { SignedIn } from '../service/accounts/sessions.ts'
import type { Visit } from '../protocol/protocol.ts'
import type { SignIn } from '../service/accounts/sign-in.ts'
import type { Assets } from './assets.ts'
import type { Fields } from './fields.ts'
import type { NoticeStore } from './notice-store.ts'
import { hostOf, isSecure } from './request.ts'
import type { DashboardParts } from './parts.ts'

/** What the middleware sets before a handler runs. */
export interface Variables {
  readonly assets: Assets
  readonly parts: DashboardParts
  readonly notices: NoticeStore
  readonly signIn: SignIn
  /** Undefined on pages for people who are not signed in. */
  readonly signedIn: SignedIn | undefined
  /** What a form sent; empty for what is no form. */
  readonly fields: Fields
  /** What forms must carry; empty where nobody is signed in. */
  readonly formToken: string
}

/** The type parameter of every Hono of the dashboard */
export interface Env {
  Bindings: { readonly visit: Visit }
  Variables: Variables
}

export type PageRequest = Context<Env>

/** The address of a page, with the path under which the server is reached. */
export function href(page: PageRequest, path: string): string {
  return `${page.var.parts.basePath}/dashboard${path === '/' ? '' : path}`
}

/** The path and query of the page that was asked for, below the dashboard, to come back to. */
export function currentPath(page: PageRequest): string {
  const path = page.env.visit.path.slice('/dashboard'.length) || '/'
  const { query } = page.env.visit
  return page.req.method === 'GET' && query !== '' ? `${path}?${query}` : path
}

/** Hosts that may stand in code that people copy: a stranger's link can make a browser send any Host header. */
const HOST = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/

/** The server's own address as clients write it, such as `https://my.host/realtime`. */
export function serverAddress(page: PageRequest): string {
  const { publicUrl, basePath } = page.var.parts
  if (publicUrl !== undefined) return publicUrl
  const scheme = isSecure(page.env.visit, publicUrl) ? 'https' : 'http'
  const host = hostOf(page.env.visit)
  return `${scheme}://${HOST.test(host) ? host : 'localhost'}${basePath}`
}

/** Sends the browser on with a GET, so that reloading repeats nothing. */
export function redirectTo(page: PageRequest, path: string): Response {
  return page.redirect(href(page, path), 303)
}

/** Who is signed in; for pages that nobody else gets to see. */
export function requireSignedIn(page: PageRequest): SignedIn {
  const { signedIn } = page.var
  if (!signedIn) throw new Error('a page for people who are signed in was reached by somebody else')
  return signedIn
}
