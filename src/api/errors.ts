/** The error body of the HTTP API, in the shape of Ably's Control API. */
import type { Failure } from '../failure.ts'

export interface ErrorBody {
  readonly message: string
  /** The HTTP status and two digits more, as in Ably's error codes. */
  readonly code: number
  readonly statusCode: number
  /** The name of the failure in our own table, stable across versions. */
  readonly reason: string
  /** The page of this server that explains errors. */
  readonly href: string
  readonly details: unknown
}

/** @param base this server as the client addresses it, as `Visit` has it */
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
