/** Refuses an itty-sockets upgrade: as an HTTP status, or on request as an error event on an open socket (AC-33). */
import type { Frame, Socket } from '../../core/types.ts'
import { type Failure, failure } from '../../failure.ts'
import { SERVER_HEADER } from '../../version.ts'
import type { Opening, Session } from '../protocol.ts'
import { errorFrame } from './frames.ts'
import { CLOSE } from './close-codes.ts'

/**
 * Translates failures of apps, which itty-sockets clients know nothing about, to what they mean for a client. The
 * original failure goes to the log.
 */
export function inWords(why: Failure): Failure {
  switch (why.name) {
    case 'app_disabled':
    case 'app_expired':
    case 'identity_required':
      return failure('channel_not_open')
    case 'tls_required':
      return failure('tls_required', 'this channel requires wss:// or https://')
    default:
      return why
  }
}

/** A plain text, which browsers do not show to pages. */
export function refusalResponse(why: Failure): Response {
  const headers: Record<string, string> = {
    ...SERVER_HEADER,
    'content-type': 'text/plain; charset=utf-8',
  }
  if (why.name === 'upgrade_required') headers['upgrade'] = 'websocket'
  if (why.retry) headers['retry-after'] = '1'
  return new Response(`${why.message}\n`, { status: why.status, headers })
}

/** Accepts the socket only to send the reason of the refusal; it never joins a channel. */
export function explainedRefusal(why: Failure, now: () => number): Opening {
  return (socket: Socket): Session => {
    socket.send(errorFrame(why, now()))
    socket.close(CLOSE.policy, why.name)
    return { receive: (_frame: Frame) => {}, closed: () => {}, dismiss: () => {} }
  }
}
