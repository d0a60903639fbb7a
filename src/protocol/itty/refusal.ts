/** Refuses an itty-sockets upgrade: as an HTTP status, or on request as an error event on an open socket (AC-33). */
import type { Frame, Socket } from '../../core/types.ts'
import type { Failure } from '../../failure.ts'
import { SERVER_HEADER } from '../../version.ts'
import type { Opening, Session } from '../protocol.ts'
import { errorFrame } from './frames.ts'
import { CLOSE } from './session.ts'

/** A short plain text for clients that can see it; browsers cannot. */
export function refusalResponse(why: Failure): Response {
  const headers: Record<string, string> = {
    ...SERVER_HEADER,
    'content-type': 'text/plain; charset=utf-8',
  }
  if (why.name === 'upgrade_required') headers['upgrade'] = 'websocket'
  if (why.retry) headers['retry-after'] = '1'
  return new Response(`${why.message}\n`, { status: why.status, headers })
}

/** Accepts the socket only to say why it is refused: it never becomes a member of anything. */
export function explainedRefusal(why: Failure, now: () => number): Opening {
  return (socket: Socket): Session => {
    socket.send(errorFrame(why, now()))
    socket.close(CLOSE.policy, why.name)
    return { receive: (_frame: Frame) => {}, closed: () => {}, dismiss: () => {} }
  }
}
