/** Closes all connections when the server stops: a few at a time, each told why, with a moment to take it in. */
import type { Randomness } from '../core/clock.ts'
import { drain } from '../ops/drain.ts'
import type { Protocols } from './protocols.ts'
import type { Sockets } from '../transport/websocket.ts'

export interface DrainParts {
  readonly sockets: Pick<Sockets, 'open'>
  readonly protocols: Pick<Protocols, 'sessions' | 'endStreams'>
  /** Requests that have not got all of their answer yet. */
  readonly pendingRequests: () => number
  /** Longest time for all of it, in milliseconds. */
  readonly withinMs: number
  readonly random: Randomness
}

const POLL_MS = 10
const MIN_GOODBYE_MS = 100

export async function drainClients(parts: DrainParts): Promise<void> {
  const { protocols, random, sockets, withinMs } = parts
  const sessions = [...sockets.open]
    .map((connection) => connection.session)
    .filter((session) => session !== undefined)
    .concat(protocols.sessions)
  await drain(sessions, { withinMs: withinMs * 0.8, random, sleep: Bun.sleep })
  protocols.endStreams()
  await allGone(parts)
}

/** Waits for closing handshakes and answers, until the time is over; what is left then is cut off. */
async function allGone({ pendingRequests, sockets, withinMs }: DrainParts): Promise<void> {
  const deadline = performance.now() + Math.max(withinMs * 0.2, MIN_GOODBYE_MS)
  const isBusy = () => sockets.open.size > 0 || pendingRequests() > 0
  while (isBusy() && performance.now() < deadline) await Bun.sleep(POLL_MS)
}
