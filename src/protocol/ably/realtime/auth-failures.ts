/** Failures of credentials, in the words that make SDKs do the right thing. */
import { type Failure, failure } from '../../../failure.ts'
import { isTokenFailure } from '../codes.ts'

/** To a stranger it is all the same whether an app, a key or a secret is wrong. */
export function asConnectFailure(why: Failure): Failure {
  return why.name === 'key_not_in_app' ? failure('credentials_wrong') : why
}

/** A client that is told of its token would try others for ever (RTC8a2). */
export function asAuthFailure(why: Failure): Failure {
  return isTokenFailure(why) ? failure('credentials_wrong', why.message) : why
}
