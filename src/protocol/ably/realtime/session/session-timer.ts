/**
 * What one transport has to do as time passes: heartbeats (RTN23), asking for a new token and ending with the old one
 * (RTN22, RTN15h), and closing a transport that its client has left open.
 */
import { type Clock, momentOf } from '../../../../core/clock.ts'
import { NEVER, type Timed, type TimerWheel } from '../../../../core/time/timer-wheel.ts'
import type { Failure } from '../../../../failure.ts'
import type { Directory } from '../../../../identity/directory.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import { type TokenEnd, isOver, tokenEnd } from '../../connection/token-expiry.ts'

export interface SessionTimerParts {
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly directory: Directory
}

/** What the session does when the timer is due. */
export interface TimedSession {
  beat(): void
  askForToken(): void
  tokenEnded(why: Failure): void
  closeSuperseded(): void
}

/** How long a superseded transport stays open: the client normally closes it itself before that. */
const SUPERSEDED_MS = 30_000

export class SessionTimer implements Timed {
  due = NEVER
  readonly #parts: SessionTimerParts
  readonly #session: TimedSession
  readonly #heartbeatMs: number
  #token: TokenEnd | undefined
  #nextHeartbeat = NEVER
  #isSuperseded = false

  constructor(parts: SessionTimerParts, session: TimedSession, heartbeatMs: number) {
    this.#parts = parts
    this.#session = session
    this.#heartbeatMs = heartbeatMs
  }

  /** Starts sending heartbeats. */
  start(): void {
    this.#nextHeartbeat = this.#parts.clock.elapsed() + this.#heartbeatMs
  }

  /** Watches when the token of the client expires or is revoked; keys have no end. */
  watchToken(principal: AppPrincipal): void {
    const { clock, directory } = this.#parts
    const now = momentOf(clock)
    this.#token = tokenEnd(principal, directory, now, this.#token)
    this.#hint(now.elapsed)
    this.#schedule()
  }

  /** The connection continues on another transport. */
  supersede(): void {
    const { clock, wheel } = this.#parts
    this.#isSuperseded = true
    wheel.schedule(this, clock.elapsed() + SUPERSEDED_MS)
  }

  cancel(): void {
    this.#parts.wheel.cancel(this)
  }

  wake(now: number): void {
    if (this.#isSuperseded) return this.#session.closeSuperseded()
    const moment = { date: this.#parts.clock.now(), elapsed: now }
    if (this.#token && isOver(this.#token, moment))
      return this.#session.tokenEnded(this.#token.failure)
    this.#hint(now)
    if (this.#nextHeartbeat <= now) {
      this.#session.beat()
      this.#nextHeartbeat = now + this.#heartbeatMs
    }
    this.#schedule()
  }

  /** Asks for a new token once, shortly before the present one ends. */
  #hint(now: number): void {
    if (!this.#token || this.#token.hintAt > now) return
    this.#token = { ...this.#token, hintAt: NEVER }
    this.#session.askForToken()
  }

  #schedule(): void {
    const { endsAt = NEVER, hintAt = NEVER } = this.#token ?? {}
    this.#parts.wheel.schedule(this, Math.min(this.#nextHeartbeat, hintAt, endsAt))
  }
}
