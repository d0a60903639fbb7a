/** The state of an app: whether anything may be done in it at all, and over which connections. */
import { type Failure, failure } from '../failure.ts'
import type { AppLimits } from './app-limits.ts'
import { isOriginAllowed, nearMiss } from './origin.ts'

export interface AppState {
  readonly status: 'enabled' | 'disabled'
  /** Only over TLS. */
  readonly tlsOnly: boolean
  /** Milliseconds since the epoch; undefined for an app that stays. */
  readonly expiresAt: number | undefined
}

/**
 * Why nothing can be done in an app, if so.
 * @param now milliseconds since the epoch; asked only of an app that ends
 */
export function appRefusal(app: AppState, now: () => number): Failure | undefined {
  if (app.status !== 'enabled') return failure('app_disabled')
  if (app.expiresAt !== undefined && app.expiresAt <= now()) return failure('app_expired')
  return undefined
}

/**
 * Whether pages of an origin may come in where an app has a list of its own.
 * @param origin null or undefined for programs, which have none
 */
export function originRefusal(
  { limits }: { readonly limits: Pick<AppLimits, 'allowedOrigins'> },
  origin: string | null | undefined,
): Failure | undefined {
  const { allowedOrigins } = limits
  if (allowedOrigins === null || origin === null || origin === undefined) return undefined
  return isOriginAllowed(origin, allowedOrigins)
    ? undefined
    : failure('origin_refused', 'the app does not allow this origin', () => ({
        origin,
        near: nearMiss(origin, allowedOrigins),
      }))
}

/** Whether an app, or a rule, may be used over this kind of connection. */
export function tlsRefusal(
  { tlsOnly }: { readonly tlsOnly: boolean },
  secure: boolean,
  what: 'app' | 'channel',
): Failure | undefined {
  return tlsOnly && !secure ? failure('tls_required', `the ${what} requires TLS`) : undefined
}
