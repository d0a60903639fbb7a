/** Recognises reverse proxies by what they write into headers and error pages. */
import type { Reply } from './reply.ts'

export type ProxyName = 'Cloudflare' | 'nginx' | 'Caddy' | 'Traefik' | 'Apache' | 'IIS' | 'HAProxy'

interface Sign {
  readonly proxy: ProxyName
  readonly headers?: Readonly<Record<string, RegExp>>
  /** Only looked for in replies of status 400 and above, where the proxy speaks for itself. */
  readonly body?: RegExp
}

/**
 * Outermost first. Traefik and HAProxy leave no header, so only their own error texts give them away;
 * Go's bare "404 page not found" and "Bad Gateway" are taken for Traefik's, because Caddy names itself.
 */
const SIGNS: readonly Sign[] = [
  {
    proxy: 'Cloudflare',
    headers: { 'cf-ray': /./, server: /^cloudflare/i },
    body: /cloudflare/i,
  },
  {
    proxy: 'nginx',
    headers: { server: /\b(nginx|openresty|tengine)\b/i },
    body: /<center>(nginx|openresty)/i,
  },
  { proxy: 'Caddy', headers: { server: /\bcaddy\b/i, via: /\bcaddy\b/i } },
  {
    proxy: 'Traefik',
    headers: { server: /\btraefik\b/i, via: /\btraefik\b/i },
    body: /^(400 Bad Request(: .*)?|404 page not found|Bad Gateway|Gateway Timeout|no available server)$/i,
  },
  {
    proxy: 'Apache',
    headers: { server: /\bapache\b/i, via: /\bapache\b/i },
    body: /<address>Apache|proxy server (received an invalid response|could not handle)/i,
  },
  {
    proxy: 'IIS',
    headers: { server: /\bmicrosoft-iis\b/i, 'x-powered-by': /\b(ARR|ASP\.NET)\b/i },
    body: /<title>IIS |Internet Information Services/i,
  },
  {
    proxy: 'HAProxy',
    headers: { server: /\bhaproxy\b/i, via: /\bhaproxy\b/i },
    body: /No server is available to handle this request|The server returned an invalid or incomplete response|The server didn't respond in time|Your browser sent an invalid request/i,
  },
]

/** The proxies that left a mark on a reply, outermost first; several may stand in a row. */
export function recognise(reply: Reply): ProxyName[] {
  return SIGNS.filter((sign) => fits(sign, reply)).map((sign) => sign.proxy)
}

function fits(sign: Sign, reply: Reply): boolean {
  const inHeaders = Object.entries(sign.headers ?? {}).some(([name, pattern]) =>
    pattern.test(reply.headers.get(name) ?? ''),
  )
  return inHeaders || (reply.status >= 400 && sign.body?.test(reply.body.trimEnd()) === true)
}
