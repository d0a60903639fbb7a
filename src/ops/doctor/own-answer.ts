/** Tells answers of a Latchkey server from those of whatever stands in front of it. */
import { type FailureName, failure } from '../../failure.ts'
import type { Reply } from './reply.ts'

/** What the server may answer to the requests that `doctor` sends. */
const ANSWERS: readonly FailureName[] = [
  'upgrade_required',
  'not_found',
  'bad_request',
  'channel_not_open',
  'join_refused',
  'origin_refused',
  'connection_rate',
  'address_connections',
  'banned',
  'server_full',
  'too_many_channels',
  'restarting',
]

export const MALFORMED_HANDSHAKE = 'the WebSocket handshake is malformed'

/**
 * Whether Latchkey itself wrote the reply. nginx, IIS and Cloudflare put their own name into `Server`,
 * so the words of the body count as much as the header.
 */
export function isOurs(reply: Reply): boolean {
  return (
    /(^|, )latchkey\b/i.test(reply.headers.get('server') ?? '') ||
    ourFailure(reply) !== undefined ||
    saidIn(reply) === MALFORMED_HANDSHAKE
  )
}

/** Which of our refusals the reply is. */
export function ourFailure(reply: Reply): FailureName | undefined {
  const words = saidIn(reply)
  return ANSWERS.find((name) => {
    const { status, message } = failure(name)
    return status === reply.status && message === words
  })
}

/** The words of a refusal: plain text, or the message in the error body of the HTTP API. */
export function saidIn({ body }: Reply): string {
  if (!body.startsWith('{')) return body.trim()
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return typeof message === 'string' ? message : ''
  } catch {
    return ''
  }
}
