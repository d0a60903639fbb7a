/** Failures of credentials, in the words that make SDKs do the right thing. */
import { type Failure, failure } from '../../../../failure.ts'
import { isTokenFailure } from '../../errors/codes.ts'

/** A key that an app does not have is not found by connections (ably-ruby), but not permitted over REST. */
export function asConnectFailure(why: Failure): Failure {
  return why.name === 'key_not_in_app' ? { ...why, status: 404 } : why
}

/** A client that is told of its token would try others for ever (RTC8a2). */
export function asAuthFailure(why: Failure): Failure {
  return isTokenFailure(why) ? failure('credentials_wrong', why.message) : why
}
