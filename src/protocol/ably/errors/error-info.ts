/** Errors as they stand in the bodies and frames that Ably's SDKs read (TI1). */
import type { Failure } from '../../../failure.ts'
import { ablyCode } from './codes.ts'
import { errorHref } from './error-href.ts'

export interface ErrorInfo {
  readonly code: number
  readonly statusCode: number
  readonly message: string
  /** The page of this server that explains the code. */
  readonly href: string
}

/** @param base this server as the client addresses it, as `Visit` has it */
export function errorInfo(why: Failure, base: string): ErrorInfo {
  const code = ablyCode(why.name)
  return { code, statusCode: why.status, message: why.message, href: errorHref(code, base) }
}
