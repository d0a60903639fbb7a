/** CORS headers, with which browsers let pages of other origins send requests and read answers. */
import { SERVER_HEADER } from '../../../version.ts'

const EXPOSED =
  'Link, X-Ably-Errorcode, X-Ably-Errormessage, X-Ably-ServerId, Content-Type, Content-Length'

/** The origin is repeated, because browsers refuse `*` for requests with credentials. */
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
