/** Everybody who is turned away is counted under a reason of its own, and origins come with their fix. */
import { afterEach, describe, expect, test } from 'bun:test'
import { Admission } from '../../src/transport/admission.ts'
import { ServerProcess } from '../cli/process.ts'
import { Client, upgradeAnswer } from '../support/client.ts'
import { metric, reserve, statusOf } from '../support/itty.ts'
import { type TestServer, startTestServer, temporaryFolder } from '../support/server.ts'
import { ManualClock } from '../support/clocks.ts'

let running: TestServer | undefined
afterEach(async () => {
  await running?.end()
  running = undefined
})

/** A request that is refused for each reason, with its answer. */
type Case = [
  reason: string,
  flags: Record<string, string>,
  provoke: (server: TestServer) => Promise<number>,
  answer: number,
]

const join = (server: TestServer, path: string) => Client.join(server.sockets + path)
const push = async (server: TestServer, body: string) => {
  await reserve(server, 'acme', { sendKey: 's' })
  const headers = { 'x-send-key': 's' }
  return (await fetch(`${server.url}/push/acme`, { method: 'POST', headers, body })).status
}
/** Sends a frame, and gives the code of the error event or of the close that it leads to. */
const send = async (server: TestServer, frames: (string | Uint8Array)[]) => {
  const client = await join(server, 'room')
  for (const frame of frames) client.send(frame)
  await client.error()
  return 0
}

const CASES: Case[] = [
  [
    'connection_rate',
    { 'connection-rate': '1', 'connection-burst': '1' },
    async (server) => {
      await join(server, 'a')
      return statusOf(`${server.sockets}a`)
    },
    429,
  ],
  [
    'address_connections',
    { 'max-address-connections': '1' },
    async (server) => {
      await join(server, 'a')
      return statusOf(`${server.sockets}b`)
    },
    429,
  ],
  [
    'server_full',
    { 'max-connections': '1' },
    async (server) => {
      await join(server, 'a')
      return statusOf(`${server.sockets}b`)
    },
    503,
  ],
  [
    'channel_full',
    { 'max-members': '1' },
    async (server) => {
      await join(server, 'a')
      return statusOf(`${server.sockets}a`)
    },
    503,
  ],
  [
    'too_many_channels',
    { 'max-channels': '1' },
    async (server) => {
      await join(server, 'a')
      return statusOf(`${server.sockets}b`)
    },
    503,
  ],
  [
    'banned',
    { 'ban-seconds': '60', 'message-rate': '1', 'message-burst': '1', 'max-warnings': '0' },
    async (server) => {
      const client = await join(server, 'a')
      client.sendJson(1)
      client.sendJson(2)
      await client.closing()
      return statusOf(`${server.sockets}a`)
    },
    429,
  ],
  ['channel_too_long', { 'max-channel-bytes': '3' }, (s) => statusOf(`${s.sockets}abcd`), 414],
  ['alias_too_long', { 'max-alias-length': '3' }, (s) => statusOf(`${s.sockets}a?as=Anna`), 400],
  ['bad_channel', {}, (server) => statusOf(`${server.sockets}%ff`), 400],
  ['channel_not_open', { 'open-channels': 'false' }, (s) => statusOf(`${s.sockets}a`), 403],
  [
    'origin_refused',
    { 'allowed-origins': 'https://my.site' },
    (server) => statusOf(`${server.sockets}a`, { origin: 'https://evil.test' }),
    403,
  ],
  [
    'push_rate',
    { 'push-rate': '1', 'push-burst': '1' },
    async (server) => {
      await push(server, '1')
      return (await fetch(`${server.url}/push/acme`, { method: 'POST', body: '1' })).status
    },
    429,
  ],
  [
    'push_refused',
    {},
    async (server) =>
      (await fetch(`${server.url}/push/acme`, { method: 'POST', body: '1' })).status,
    403,
  ],
  ['message_too_large', { 'max-message-bytes': '100' }, (s) => push(s, `"${'x'.repeat(99)}"`), 413],
  ['not_json', {}, (server) => push(server, '{'), 400],
  [
    'message_too_large',
    { 'max-message-bytes': '100' },
    (server) => send(server, [`"${'x'.repeat(99)}"`]),
    0,
  ],
  [
    'rate_limited',
    { 'message-rate': '1', 'message-burst': '1' },
    (server) => send(server, ['1', '2']),
    0,
  ],
  [
    'flooding',
    { 'message-rate': '1', 'message-burst': '1', 'max-warnings': '0' },
    (server) => send(server, ['1', '2']),
    0,
  ],
  ['binary_frame', {}, (server) => send(server, [new Uint8Array(3)]), 0],
  ['recipient_unknown', {}, (server) => send(server, ['\u001FnoBody\u001F1']), 0],
]

describe('counted by reason', () => {
  test.each(CASES)('%s', async (reason, flags, provoke, answer) => {
    const server = await startTestServer(flags)
    running = server
    expect(await provoke(server)).toBe(answer)
    expect(await metric(server, `latchkey_refusals_total{reason="${reason}"}`)).toBe(1)
  })

  test('429 and 503 say when to come back', async () => {
    running = await startTestServer({ 'max-connections': '1' })
    await join(running, 'a')
    const { headers } = await upgradeAnswer(`${running.sockets}b`)
    expect(headers.get('retry-after')).toMatch(/^\d+$/)
  })

  test('a banned address cannot push', async () => {
    const flags = { 'ban-seconds': '60', 'message-rate': '1', 'message-burst': '1' }
    running = await startTestServer({ ...flags, 'max-warnings': '0' })
    await send(running, ['1', '2'])
    expect(await push(running, '1')).toBe(429)
  })

  test('a banned address reaches only public pages and health checks', async () => {
    const flags = { 'ban-seconds': '60', 'message-rate': '1', 'message-burst': '1' }
    running = await startTestServer({ ...flags, 'max-warnings': '0' })
    const { url } = running
    const statuses = (paths: readonly string[]) =>
      Promise.all(paths.map(async (path) => (await fetch(url + path)).status))
    const shut = ['/channels/a/messages', '/time', '/v1/me', '/comet/connect', '/sse?channels=a']
    expect(await statuses(shut)).not.toContain(429)
    await send(running, ['1', '2'])
    expect(await statuses(shut)).toEqual(shut.map(() => 429))
    const { error } = (await (await fetch(`${url}/time`)).json()) as { error: { code: number } }
    expect(error.code).toBe(42910)
    const open = ['/health', '/metrics', '/docs', '/dashboard/sign-in']
    expect(await statuses(open)).toEqual(open.map(() => 200))
  })

  test('a closed connection makes room again', async () => {
    running = await startTestServer({ 'max-connections': '1' })
    for (let i = 0; i < 3; i++) {
      const client = await join(running, 'a')
      client.close()
      await client.closing()
    }
    expect(await metric(running, 'latchkey_refusals_total{reason="server_full"}')).toBe(0)
    expect(await metric(running, 'latchkey_connections_opened_total')).toBe(3)
  })
})

describe('origins', () => {
  test('that are listed are admitted, and so are programs', async () => {
    running = await startTestServer({ 'allowed-origins': 'https://my.site,https://*.my.site' })
    const from = (origin: string) => statusOf(`${running!.sockets}a`, { origin })
    for (const origin of ['https://my.site', 'https://a.my.site', 'HTTPS://MY.SITE'])
      expect(await from(origin), origin).toBe(101)
    for (const origin of [
      'http://my.site',
      'https://my.site.evil.test',
      'https://notmy.site',
      'null',
    ])
      expect(await from(origin), origin).toBe(403)
    expect(await statusOf(`${running.sockets}a`)).toBe(101)
  })

  test('that are refused are logged with the fix', async () => {
    const folder = temporaryFolder()
    const flags = ['--data', folder.path, '--allowed-origins', 'https://my.site']
    const server = await ServerProcess.start(flags)
    try {
      const origin = 'https://other.site'
      expect(await statusOf(`${server.sockets}room?joinKey=hush`, { origin })).toBe(403)
      const line = server.logs.find((log) => log['reason'] === 'origin_refused')
      expect(line).toMatchObject({ level: 'WARN', origin, address: '127.0.0.1' })
      expect(line!['fix']).toContain("--allowed-origins 'https://my.site,https://other.site'")
      expect(line!['fix']).toContain('LATCHKEY_ALLOWED_ORIGINS')
      expect(server.out).not.toContain('hush')
    } finally {
      await server.end()
      folder.remove()
    }
  })
})

describe('addresses are remembered no longer than needed', () => {
  const LIMITS = {
    connections: { perSecond: 10, burst: 10 },
    pushes: { perSecond: 10, burst: 10 },
    attempts: { perSecond: 10, burst: 10 },
    maxConnections: 0,
    maxAddressConnections: 0,
    banSeconds: 120,
  }

  test('a scan from many addresses uses bounded memory', () => {
    const clock = new ManualClock()
    const admission = new Admission(LIMITS, clock)
    for (let i = 0; i < 5000; i++) admission.refuse(`10.0.${i >> 8}.${i & 255}`)
    expect(admission.remembered).toBe(5000)
    clock.advance(61_000)
    admission.refuse('192.0.2.1')
    expect(admission.remembered).toBe(1)
  })

  test('connected and banned addresses are not forgotten', () => {
    const clock = new ManualClock()
    const admission = new Admission(LIMITS, clock)
    admission.opened('192.0.2.1')
    admission.ban('192.0.2.2')
    clock.advance(61_000)
    expect(admission.refuse('192.0.2.2')).toBe('banned')
    admission.closed('192.0.2.1')
    expect(admission.open).toBe(0)
    clock.advance(61_000)
    expect(admission.refuse('192.0.2.2')).toBeUndefined()
    expect(admission.remembered).toBe(1)
  })
})
