/** The error body of the HTTP API, in the shape of Ably's Control API. */
import type { Failure } from '../failure.ts'

export interface ErrorBody {
  readonly message: string
  /** The HTTP status with two more digits, as Ably's error codes. */
  readonly code: number
  readonly statusCode: number
  /** The name of the failure (`failure.ts`), stable across versions. */
  readonly reason: string
  /** URL of this server's page about errors. */
  readonly href: string
  readonly details: unknown
}

/** @param base the base URL by which the client addresses this server */
export function errorBody(why: Failure, base: string, details: unknown = null): ErrorBody {
  return {
    message: why.message,
    code: why.status * 100,
    statusCode: why.status,
    reason: why.name,
    href: `${base}/docs/api#errors`,
    details,
  }
}
