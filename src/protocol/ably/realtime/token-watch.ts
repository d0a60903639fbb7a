/** The end of a token while its connection is open: a hint in time, then the end (RTN22, RTN15h). */
import type { Directory } from '../../../identity/directory.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import { type Failure, failure } from '../../../failure.ts'
import { NEVER } from './timer-wheel.ts'

/** How long before the end a client is asked for a new token. */
const HINT_MS = 30_000

export interface TokenEnd {
  /** When the client is to be asked; `NEVER` where there is no time for that. Milliseconds since the epoch. */
  readonly hintAt: number
  /** When the token no longer counts. */
  readonly endsAt: number
  readonly failure: Failure
}

const NO_END: TokenEnd = { hintAt: NEVER, endsAt: NEVER, failure: failure('token_expired') }

export function tokenEnd(
  principal: AppPrincipal,
  { revocations }: Directory,
  now: number,
): TokenEnd {
  const { expires } = principal
  if (expires === undefined) return NO_END
  const revokedFrom = revocations.revokedFrom(principal)
  if (revokedFrom !== undefined && revokedFrom < expires) {
    // Its holder was given time for a new one, and has to know that at once.
    return { hintAt: now, endsAt: revokedFrom, failure: failure('token_revoked') }
  }
  const hintAt = expires - HINT_MS
  return {
    hintAt: hintAt > now ? hintAt : NEVER,
    endsAt: expires,
    failure: failure('token_expired'),
  }
}
