/** Which connection a client resumes, and who the client is once that is known (RTN15b, RTN16b). */
import type { Soon } from '../../../../core/soon.ts'
import { type Result, ok } from '../../../../failure.ts'
import type { Authenticator } from '../../../../identity/authenticate.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { ConnectionFinder } from '../../connection/live-connections.ts'
import type { Connection } from '../connection/connection.ts'
import type { ConnectRequest } from './connect-request.ts'

export interface ResumingParts {
  readonly authenticator: Authenticator
  readonly finder: ConnectionFinder<Connection>
}

export interface Resuming {
  readonly principal: AppPrincipal
  /** The connection of the key in the request; undefined where there is none. */
  readonly claimed: Connection | undefined
}

/** @returns why the client is not who it says, also where that changed while another node was asked */
export function claimConnection(
  parts: ResumingParts,
  request: ConnectRequest,
): Soon<Result<Resuming>> {
  const { principal } = request
  return principal instanceof Promise
    ? principal.then((known) => claimFor(parts, request, known))
    : claimFor(parts, request, principal)
}

function claimFor(
  { authenticator, finder }: ResumingParts,
  request: ConnectRequest,
  principal: Result<AppPrincipal>,
): Soon<Result<Resuming>> {
  if (!principal.ok) return principal
  const { key } = request.options
  const claimed = key === undefined ? undefined : finder.claim(key, principal.value.appId)
  return claimed instanceof Promise
    ? claimLater(authenticator, request, principal.value, claimed)
    : ok({ principal: principal.value, claimed })
}

async function claimLater(
  authenticator: Authenticator,
  { credentials, origin, secure }: ConnectRequest,
  principal: AppPrincipal,
  claiming: Promise<Connection | undefined>,
): Promise<Result<Resuming>> {
  const claimed = await claiming
  // A page of the dashboard has no credentials here: its session is checked by the dashboard.
  if (credentials.credential === undefined) return ok({ principal, claimed })
  const again = authenticator.authenticate(credentials, { secure, origin })
  const found = again instanceof Promise ? await again : again
  return found.ok ? ok({ principal: found.value, claimed }) : found
}
