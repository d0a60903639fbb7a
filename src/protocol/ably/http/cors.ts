/** What browsers ask for before a page of another origin may send requests and read the answers (CORS). */
import { SERVER_HEADER } from '../../../version.ts'

const EXPOSED =
  'Link, X-Ably-Errorcode, X-Ably-Errormessage, X-Ably-ServerId, Content-Type, Content-Length'

/** SDKs send credentials, so the origin is repeated: `*` would not do. */
export function corsHeaders(origin: string | null): Record<string, string> {
  if (origin === null) return {}
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': EXPOSED,
    vary: 'Origin',
  }
}

export function preflight(request: Request): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...SERVER_HEADER,
      ...corsHeaders(request.headers.get('origin')),
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
      'access-control-allow-headers':
        request.headers.get('access-control-request-headers') ??
        'authorization, content-type, accept, x-ably-version, ably-agent, x-ably-clientid',
      'access-control-max-age': '86400',
    },
  })
}
