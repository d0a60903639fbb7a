/** The state of an app: whether anything may be done in it at all, and over which connections. */
import { type Failure, failure } from '../failure.ts'
import type { AppLimits } from './app-limits.ts'
import { isOriginAllowed, nearMiss } from './origin.ts'

export interface AppState {
  readonly status: 'enabled' | 'disabled'
  /** Only over TLS. */
  readonly tlsOnly: boolean
  /** Milliseconds since the epoch; undefined for an app without an end. */
  readonly expiresAt: number | undefined
}

/**
 * Refuses everything in an app that is disabled or expired.
 * @param now milliseconds since the epoch; called only for an app that expires
 */
export function appRefusal(app: AppState, now: () => number): Failure | undefined {
  if (app.status !== 'enabled') return failure('app_disabled')
  if (app.expiresAt !== undefined && app.expiresAt <= now()) return failure('app_expired')
  return undefined
}

/**
 * Refuses pages of an origin that the app's own list does not allow.
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

/** Refuses a connection without TLS where the app or a rule asks for it. */
export function tlsRefusal(
  { tlsOnly }: { readonly tlsOnly: boolean },
  secure: boolean,
  what: 'app' | 'channel',
): Failure | undefined {
  return tlsOnly && !secure ? failure('tls_required', `the ${what} requires TLS`) : undefined
}
