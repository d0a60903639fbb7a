/** The end of a token during a connection: first the server asks for a new one, then it disconnects (RTN22, RTN15h). */
import type { Moment } from '../../../core/clock.ts'
import { type Failure, failure } from '../../../failure.ts'
import type { Directory } from '../../../identity/directory.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'

/** How long before the end a client is asked for a new token. */
const HINT_MS = 30_000

export interface TokenEnd {
  /** What the token says, or its revocation; milliseconds since the epoch, and infinite where there is no end. */
  readonly date: number
  /** When the client is to be asked, by the clock's elapsed time; infinite where there is no time for that. */
  readonly hintAt: number
  /** When as much time has passed as the token had left: a clock that is set back makes it last no longer. */
  readonly endsAt: number
  readonly failure: Failure
}

const NO_END: TokenEnd = {
  date: Infinity,
  hintAt: Infinity,
  endsAt: Infinity,
  failure: failure('token_expired'),
}

/** @param before what was found the last time; of the same end the client is told once */
export function tokenEnd(
  principal: AppPrincipal,
  directory: Pick<Directory, 'revocations'>,
  now: Moment,
  before: TokenEnd | undefined,
): TokenEnd {
  const end = newEnd(principal, directory, now)
  if (before?.date !== end.date) return end
  return { ...end, hintAt: before.hintAt, endsAt: Math.min(before.endsAt, end.endsAt) }
}

/** Whether the token has ended, by its date or by the time that has passed. */
export function isOver({ date, endsAt }: TokenEnd, now: Moment): boolean {
  return date <= now.date || endsAt <= now.elapsed
}

function newEnd(
  principal: AppPrincipal,
  { revocations }: Pick<Directory, 'revocations'>,
  { date, elapsed }: Moment,
): TokenEnd {
  const { expires } = principal
  if (expires === undefined) return NO_END
  const at = (moment: number) => elapsed + moment - date
  const revokedFrom = revocations.revokedFrom(principal)
  if (revokedFrom !== undefined && revokedFrom < expires) {
    // Its holder was given time for a new one, and has to know that at once.
    const why = failure('token_revoked')
    return { date: revokedFrom, hintAt: elapsed, endsAt: at(revokedFrom), failure: why }
  }
  const hintAt = at(expires - HINT_MS)
  return {
    date: expires,
    hintAt: hintAt > elapsed ? hintAt : Infinity,
    endsAt: at(expires),
    failure: failure('token_expired'),
  }
}
