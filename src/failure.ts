/**
 * Expected failures. A failure is a value that travels up to an adapter, which words it in its protocol's own form;
 * exceptions are kept for bugs. `failure-table.ts` has all of them.
 */
import { FAILURES, type FailureRow } from './failure-table.ts'

export type FailureName = keyof typeof FAILURES

/**
 * What the owner may learn from the log and nobody else may: the line of a capability, a rule, a limit.
 * It is a function so that nothing is worked out that is not written down, and so that no answer can hold it.
 */
export type Because = () => Readonly<Record<string, string | number | undefined>>

export interface Failure extends FailureRow {
  readonly name: FailureName
  readonly because?: Because
}

export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure }

/** A row of the table, with the default message or a more telling one that is safe to show. */
export function failure(
  name: FailureName,
  message: string = FAILURES[name].message,
  because?: Because,
): Failure {
  const { status, retry } = FAILURES[name]
  return { name, status, message, retry, ...(because && { because }) }
}

/** Those that say that somebody has shown no good credentials, which is how secrets are guessed. */
const BAD_CREDENTIALS: ReadonlySet<FailureName> = new Set([
  'app_disabled',
  'app_expired',
  'credentials_malformed',
  'credentials_missing',
  'credentials_wrong',
  'jwt_claims_invalid',
  'jwt_invalid',
  'key_malformed',
  'key_not_found',
  'key_not_in_app',
  'key_revoked',
  'link_invalid',
  'nonce_replayed',
  'timestamp_refused',
  'token_expired',
  'token_malformed',
  'token_revoked',
  'token_unreadable',
  'token_unrecognised',
  'unauthorized',
])

export function isBadCredential({ name }: Failure): boolean {
  return BAD_CREDENTIALS.has(name)
}

/** What an answer over HTTP says of a failure besides its status: when to come again, and whether on this connection. */
export function refusalHeaders({ name, retry, status }: Failure): Record<string, string> {
  return {
    ...(retry && MAY_PASS.has(status) && { 'retry-after': name === 'sign_in_rate' ? '30' : '1' }),
    // The rest of a body that took too long would otherwise go on coming.
    ...(name === 'body_slow' && { connection: 'close' }),
  }
}

/** Statuses of what passes by waiting. */
const MAY_PASS: ReadonlySet<number> = new Set([408, 429, 503])

export const FAILURE_NAMES = Object.keys(FAILURES) as readonly FailureName[]

export function ok<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function fail<T>(name: FailureName, message?: string, because?: Because): Result<T> {
  return { ok: false, failure: failure(name, message, because) }
}
