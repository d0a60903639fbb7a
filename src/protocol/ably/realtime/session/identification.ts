/** Authentication while a connection is open: with the credentials it has, or with a token it sends (RTC8). */
import type { Soon } from '../../../../core/soon.ts'
import { type Failure, type Result, fail, failure, ok } from '../../../../failure.ts'
import type { Authenticator } from '../../../../identity/authenticate.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import { isTokenFailure } from '../../errors/codes.ts'
import type { Connection, Identified } from '../connection/connection.ts'

/** An unknown key of an existing app is 404 on a connection (ably-ruby is tested for it), and 401 over REST. */
export function asConnectFailure(why: Failure): Failure {
  return why.name === 'key_not_in_app' ? { ...why, status: 404 } : why
}

/** Authenticates a connection again with its own credentials, because a key, a token or a rule has changed. */
export function identifyAgain(
  authenticator: Authenticator,
  { identified }: Connection,
  origin: string | null,
): Soon<Result<Identified>> {
  const { credentials, secure } = identified
  return identifiedBy(authenticator.authenticate(credentials, { secure, origin }), identified)
}

/**
 * Authenticates a connection with a token that its client has sent (RTC8a).
 * @returns `credentials_wrong` where the token does not count; `client_id_mismatch` for one of another app
 */
export function identifyAnew(
  authenticator: Authenticator,
  connection: Connection,
  origin: string | null,
  token: string,
): Soon<Result<Identified>> {
  const { appId, identified, principal } = connection
  const { secure } = identified
  const clientId = principal.clientId ?? identified.credentials.clientId
  const credentials = { credential: { kind: 'token' as const, text: token }, clientId }
  const found = authenticator.authenticate(credentials, { secure, origin })
  const check = (known: Result<Identified>): Result<Identified> => {
    if (!known.ok) return { ok: false, failure: asAuthFailure(known.failure) }
    return known.value.principal.appId === appId
      ? known
      : fail('client_id_mismatch', 'the token is of another app')
  }
  const identity = identifiedBy(found, { credentials, secure })
  return identity instanceof Promise ? identity.then(check) : check(identity)
}

function identifiedBy(
  found: Soon<Result<AppPrincipal>>,
  { credentials, secure }: Omit<Identified, 'principal'>,
): Soon<Result<Identified>> {
  const identify = (known: Result<AppPrincipal>): Result<Identified> =>
    known.ok ? ok({ principal: known.value, credentials, secure }) : known
  return found instanceof Promise ? found.then(identify) : identify(found)
}

/** With an error about tokens the client would request new ones for ever (RTC8a2). */
function asAuthFailure(why: Failure): Failure {
  return isTokenFailure(why) ? failure('credentials_wrong', why.message) : why
}
