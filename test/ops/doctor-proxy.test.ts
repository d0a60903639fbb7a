/** Recognising proxies by their replies, and the lines that are given for each. */
import { describe, expect, test } from 'bun:test'
import { isOurs, ourFailure } from '../../src/ops/doctor/own-answer.ts'
import { type ProxyName, recognise } from '../../src/ops/doctor/proxy.ts'
import { type Remedy, remedyLines } from '../../src/ops/doctor/proxy-configuration.ts'
import { type Reply, parseHead } from '../../src/ops/doctor/reply.ts'
import { parseTarget } from '../../src/ops/doctor/target.ts'
import { testConfig as config } from '../support/server.ts'

const reply = (status: number, headers: Record<string, string>, body = ''): Reply => ({
  status,
  reason: '',
  headers: new Map(Object.entries(headers)),
  body,
})

const signs: [string, Reply, ProxyName[]][] = [
  ['nginx header', reply(200, { server: 'nginx/1.22.1' }), ['nginx']],
  ['nginx page without header', reply(502, {}, '<hr><center>nginx</center>'), ['nginx']],
  ['openresty', reply(502, { server: 'openresty' }), ['nginx']],
  ['Caddy header', reply(502, { server: 'Caddy' }), ['Caddy']],
  ['Caddy via', reply(200, { server: 'latchkey', via: '1.1 Caddy' }), ['Caddy']],
  ['Cloudflare', reply(521, { server: 'cloudflare', 'cf-ray': '8-FRA' }), ['Cloudflare']],
  [
    'nginx behind Cloudflare',
    reply(502, { 'cf-ray': '8-FRA' }, '<center>nginx</center>'),
    ['Cloudflare', 'nginx'],
  ],
  ['Traefik', reply(502, {}, 'Bad Gateway'), ['Traefik']],
  ['Traefik without a router', reply(404, {}, '404 page not found\n'), ['Traefik']],
  ['Apache', reply(503, { server: 'Apache/2.4.57 (Debian)' }), ['Apache']],
  ['Apache page', reply(502, {}, 'The proxy server received an invalid response'), ['Apache']],
  ['IIS', reply(200, { server: 'Microsoft-IIS/10.0' }), ['IIS']],
  ['IIS with ARR', reply(502, { 'x-powered-by': 'ARR/3.0' }), ['IIS']],
  ['HAProxy', reply(503, {}, 'No server is available to handle this request.'), ['HAProxy']],
  ['a page that speaks of nginx', reply(200, {}, 'we like <center>nginx</center>'), []],
  ['our own server', reply(426, { server: 'latchkey' }), []],
]
test.each(signs)('recognises %s', (_name, given, proxies) => {
  expect(recognise(given)).toEqual(proxies)
})

describe('our own answers', () => {
  test('are recognised by header, or by content behind a proxy that changes it', () => {
    expect(isOurs(reply(200, { server: 'latchkey' }))).toBe(true)
    const renamed = reply(426, { server: 'nginx' }, 'a WebSocket upgrade is required here\n')
    expect(ourFailure(renamed)).toBe('upgrade_required')
    expect(isOurs(renamed)).toBe(true)
    const api = '{"message":"there is nothing here","code":40400,"reason":"not_found"}'
    expect(ourFailure(reply(404, { server: 'nginx' }, api))).toBe('not_found')
  })

  test('are not confused with those of other servers', () => {
    expect(isOurs(reply(404, { server: 'nginx' }, 'not found'))).toBe(false)
    expect(isOurs(reply(404, {}, '{"message":"nothing"}'))).toBe(false)
    expect(isOurs(reply(404, {}, '{"message'))).toBe(false)
    expect(isOurs(reply(200, { server: 'not-latchkey' }))).toBe(false)
    // The same words with another status are not ours.
    expect(isOurs(reply(200, {}, 'there is nothing here'))).toBe(false)
  })
})

describe('lines', () => {
  const settings = config({ port: '8123' })
  const target = parseTarget('https://my.host/realtime')!
  const of = (proxy: ProxyName, remedy: Remedy) =>
    remedyLines([proxy], remedy, settings, target).join('\n')

  const upgrades: [ProxyName, string[]][] = [
    [
      'nginx',
      [
        'location /realtime/ {',
        'proxy_pass http://127.0.0.1:8123;',
        'proxy_http_version 1.1;',
        'proxy_set_header Connection $connection_upgrade;',
      ],
    ],
    ['Caddy', ['my.host {', 'reverse_proxy /realtime/* 127.0.0.1:8123']],
    ['Traefik', ['Host(`my.host`) && PathPrefix(`/realtime`)', 'loadbalancer.server.port=8123']],
    [
      'Apache',
      [
        'ProxyPass "/realtime/" "http://127.0.0.1:8123/realtime/" upgrade=websocket',
        'proxy_wstunnel',
      ],
    ],
    ['IIS', ['Web-WebSockets', '<webSocket enabled="true" />', 'match url="^realtime/.*"']],
    ['HAProxy', ['timeout tunnel 1h', 'server latchkey 127.0.0.1:8123']],
    ['Cloudflare', ['Network > WebSockets: On']],
  ]
  test.each(upgrades)('upgrade: %s', (proxy, wanted) => {
    for (const line of wanted) expect(of(proxy, 'upgrade')).toContain(line)
  })

  const idles: [ProxyName, string][] = [
    ['nginx', 'proxy_read_timeout 75s;'],
    ['Caddy', 'stream_timeout'],
    ['Traefik', 'respondingTimeouts'],
    ['Apache', 'Timeout 75'],
    ['IIS', '/timeout:"00:02:00"'],
    ['HAProxy', 'timeout tunnel 1h'],
    ['Cloudflare', '100 s'],
  ]
  test.each(idles)('idle: %s', (proxy, line) => {
    expect(of(proxy, 'idle')).toContain(line)
  })

  test('for a server at the root with TLS', () => {
    const flags = { port: '8443', 'tls-cert': 'a', 'tls-key': 'b', host: '10.0.0.5' }
    const root = parseTarget('https://my.host')!
    const text = remedyLines(['nginx', 'Caddy'], 'upgrade', config(flags), root).join('\n')
    expect(text).toContain('location / {')
    expect(text).toContain('proxy_pass https://10.0.0.5:8443;')
    expect(text).toContain('    reverse_proxy https://10.0.0.5:8443')
    expect(text).toContain('# nginx')
    expect(text).toContain('# Caddy')
  })
})

describe('replies', () => {
  const parse = (text: string) => parseHead(Buffer.from(text))

  test('are parsed with lower-case names and joined repetitions', () => {
    const head = parse('HTTP/1.1 200 OK\r\nVia: a\r\nVIA: b\r\nbroken\r\n\r\nrest')
    expect(head?.value).toMatchObject({ status: 200, reason: 'OK' })
    expect(head?.value?.headers.get('via')).toBe('a, b')
    expect(head?.used).toBe('HTTP/1.1 200 OK\r\nVia: a\r\nVIA: b\r\nbroken\r\n\r\n'.length)
  })

  test('are waited for until the head is complete, and anything else is not HTTP', () => {
    expect(parse('')).toBeUndefined()
    expect(parse('HT')).toBeUndefined()
    expect(parse('HTTP/1.1 200')).toBeUndefined()
    expect(parse('SSH-2.0')?.value).toBeUndefined()
    expect(parse('HTTP/2 200\r\n\r\n')?.value).toBeUndefined()
  })
})
