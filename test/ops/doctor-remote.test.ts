/** `doctor` against a real server behind real proxies, each with one fault. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import net from 'node:net'
import { checkAddresses } from '../../src/ops/doctor/host-name.ts'
import { Probe } from '../../src/ops/doctor/probe.ts'
import { parseTarget } from '../../src/ops/doctor/target.ts'
import { Client, eventually } from '../support/client.ts'
import { type TestServer, startTestServer, testConfig as config } from '../support/server.ts'
import {
  type HeadRule,
  type Proxy,
  type ProxyOptions,
  asNginx,
  diagnose,
  dropUpgrade,
  isUpgrade,
  lines,
  listen,
  only,
  page,
  startProxy,
} from './doctor-proxies.ts'

let server: TestServer
const proxies: Proxy[] = []

beforeAll(async () => {
  server = await startTestServer()
})

afterAll(async () => {
  for (const proxy of proxies) proxy.stop()
  await server.end()
})

/** A proxy in front of the server, or of another port. */
async function through(options: Partial<ProxyOptions>): Promise<Proxy> {
  const proxy = await startProxy({ to: server.port, ...options })
  proxies.push(proxy)
  return proxy
}

const at = (port: number, path = '') => `ws://127.0.0.1:${port}${path}`

describe('a path without faults', () => {
  test('reports every hop as ok and sees the ping', async () => {
    const proxy = await through({
      afterUpgrade: Uint8Array.of(0x89, 2, 0x68, 0x69),
      reply: asNginx,
    })
    const found = await diagnose(at(proxy.port), { idleSeconds: 0.2 })
    expect(lines(found, 'connection')).toEqual([`ok: port ${proxy.port} of 127.0.0.1 answers`])
    expect(lines(found, 'http')).toEqual([
      `ok: http://127.0.0.1:${proxy.port} reaches Latchkey through nginx`,
    ])
    expect(lines(found, 'upgrade')).toEqual(['ok: the WebSocket upgrade passes'])
    expect(lines(found, 'messages')).toEqual(['ok: a message goes there and comes back'])
    expect(only(found, 'idle').message).toContain("the server's ping arrived")
    expect(only(found, 'origin').verdict).toBe('ok')
    expect(found.filter((finding) => finding.verdict === 'wrong')).toEqual([])
    // The ping "hi" was answered by a masked pong of two bytes.
    expect(Buffer.concat(proxy.received).includes(Buffer.from([0x8a, 0x82]))).toBe(true)
  })

  test('reports no proxy that does not show itself', async () => {
    const proxy = await through({})
    const found = await diagnose(at(proxy.port))
    expect(only(found, 'http').message).toEndWith('reaches Latchkey')
    expect(only(found, 'idle').verdict).toBe('skipped')
  })

  test('finds the name of a proxy in its own error', async () => {
    const answer = page('400 Bad request', 'Your browser sent an invalid request.')
    const head: HeadRule = (text) =>
      text.includes('without a colon') ? { answer } : { pass: text }
    const proxy = await through({ head })
    expect(only(await diagnose(at(proxy.port)), 'http').message).toEndWith('through HAProxy')
  })

  test('accepts the address of a channel, with its keys', async () => {
    const found = await diagnose(at(server.port, '/c/room?joinKey=secret'))
    expect(only(found, 'messages').verdict).toBe('ok')
    expect(JSON.stringify(found)).not.toContain('secret')
  })
})

describe('upgrade', () => {
  test('dropped by nginx: shows the lines for nginx', async () => {
    const proxy = await through({ head: dropUpgrade, reply: asNginx })
    const found = await diagnose(at(proxy.port))
    expect(only(found, 'http').verdict).toBe('ok')
    const { verdict, message, fix } = only(found, 'upgrade')
    expect(verdict).toBe('wrong')
    expect(message).toContain('the proxy drops its Upgrade and Connection headers')
    expect(fix?.[0]).toBe('# nginx')
    expect(fix).toContain('    proxy_set_header Upgrade $http_upgrade;')
    expect(fix).toContain('    proxy_set_header Connection $connection_upgrade;')
    expect(only(found, 'public url').message).toContain('idle and origin were not tried')
  })

  test('dropped by an unknown proxy: names the headers', async () => {
    const proxy = await through({ head: dropUpgrade })
    expect(only(await diagnose(at(proxy.port)), 'upgrade').fix).toContain('Upgrade: websocket')
  })

  test('reports other dropped handshake headers', async () => {
    const head: HeadRule = (text) => ({ pass: text.replace(/\r\nSec-WebSocket-Key: [^\r]*/i, '') })
    const proxy = await through({ head, reply: asNginx })
    expect(only(await diagnose(at(proxy.port)), 'upgrade').fix).toContain('# nginx')
  })

  const answers: [string, string, string][] = [
    ['a page in its place', page('200 OK', '<title>Shop</title>'), 'an ordinary page'],
    ['a redirect', page('301 Moved', '', ['Location: https://a.test/']), 'redirected'],
    ['a gateway error', page('502 Bad Gateway', ''), 'cannot pass the upgrade on'],
    ['a refusal by a firewall', page('403 Forbidden', 'no'), 'something before Latchkey refused'],
    ['silence', '', 'closed the connection without an answer'],
    [
      'an answer to another key',
      page('101 Switching Protocols', '', ['Sec-WebSocket-Accept: c3RhbGU=']),
      'wrong Sec-WebSocket-Accept',
    ],
  ]
  test.each(answers)('%s', async (_name, answer, message) => {
    const head: HeadRule = (text) => (isUpgrade(text) ? { answer } : { pass: text })
    const proxy = await through({ head })
    const finding = only(await diagnose(at(proxy.port)), 'upgrade')
    expect(finding.verdict).toBe('wrong')
    expect(finding.message).toContain(message)
  })

  test('reports a socket that opens but delivers nothing', async () => {
    const cut = (bytes: string) => bytes.slice(0, bytes.indexOf('\r\n\r\n') + 4)
    const silent = net.createServer((socket) => {
      socket.on('error', () => socket.destroy())
      const behind = net.connect(server.port, '127.0.0.1')
      behind.on('error', () => behind.destroy())
      behind.once('data', (bytes: Buffer) => socket.write(cut(bytes.toString('latin1'))))
      socket.on('data', (bytes) => behind.write(bytes))
      socket.on('close', () => behind.destroy())
    })
    const port = await listen(silent)
    const found = await diagnose(at(port), { timeoutMs: 300 })
    expect(only(found, 'messages').message).toContain('no event arrives')
    silent.close()
  })

  test('takes a refusal by rule as proof that the upgrade passes', async () => {
    const closed = await startTestServer({ 'open-channels': 'false' })
    const found = await diagnose(at(closed.port))
    expect(only(found, 'upgrade').verdict).toBe('ok')
    expect(only(found, 'upgrade').message).toContain('unreserved channels are closed')
    expect(only(found, 'origin').verdict).toBe('ok')
    expect(only(found, 'public url').message).toContain('idle was not tried')
    await closed.end()
  })

  test('takes an explained refusal on an open socket as well', async () => {
    const closed = await startTestServer({ 'open-channels': 'false', 'explain-refusals': 'true' })
    const found = await diagnose(at(closed.port))
    expect(only(found, 'upgrade').verdict).toBe('ok')
    expect(only(found, 'messages').verdict).toBe('skipped')
    await closed.end()
  })

  test('warns of shared addresses at a limit of Latchkey', async () => {
    const strict = await startTestServer({ 'max-address-connections': '1' })
    const address = at(strict.port)
    // The socket of the previous check is still open when the origin is tried.
    expect(only(await diagnose(address), 'origin').verdict).toBe('skipped')
    let guest: Client | undefined
    const join = async () => {
      guest = await Client.join(`${strict.sockets}room`).catch(() => undefined)
      return guest !== undefined
    }
    await eventually(join, 'the place of the check is free again')
    const finding = only(await diagnose(address), 'upgrade')
    expect(finding.verdict).toBe('warning')
    expect(finding.fix?.[0]).toContain('--trusted-proxies')
    guest?.close()
    await strict.end()
  })
})

describe('http', () => {
  test('502 from nginx: shows the upstream line', async () => {
    const answer = page('502 Bad Gateway', '<center>nginx/1.22.1</center>', [
      'Server: nginx/1.22.1',
    ])
    const proxy = await through({ head: () => ({ answer }) })
    const found = await diagnose(at(proxy.port), {}, { port: '8123' })
    const finding = only(found, 'http')
    expect(finding.message).toContain(
      'it cannot reach Latchkey (502 Bad Gateway from "nginx/1.22.1")',
    )
    expect(finding.fix?.join('\n')).toContain('proxy_pass http://127.0.0.1:8123;')
    expect(only(found, 'upgrade').verdict).toBe('skipped')
  })

  const strangers: [string, string, string][] = [
    ['another site', page('200 OK', '<title>My shop</title>'), 'a page titled "My shop"'],
    [
      'a redirect to TLS',
      page('308 P', '', ['Location: https://127.0.0.1/x?k=1']),
      'redirects to https://127.0.0.1/x',
    ],
    ['a login', page('401 Unauthorized', ''), 'asks for a login'],
    [
      'a TLS port',
      page('400 Bad Request', 'The plain HTTP request was sent to HTTPS port'),
      'plain http was spoken to a TLS port',
    ],
    ['something that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'not HTTP'],
    ['HTTP/2', '\0\0\0\x04\0\0\0\0\0\0\0\0\0', 'HTTP/2'],
  ]
  test.each(strangers)('%s', async (_name, answer, message) => {
    const proxy = await through({ head: () => ({ answer }) })
    const finding = only(await diagnose(at(proxy.port)), 'http')
    expect(finding.verdict).toBe('wrong')
    expect(finding.message).toContain(message)
    expect(finding.message).not.toContain('?')
  })

  test('warns of a proxy that passes on upgrades only', async () => {
    const answer = page('200 OK', '<title>Shop</title>')
    const proxy = await through({ head: (text) => (isUpgrade(text) ? { pass: text } : { answer }) })
    const found = await diagnose(at(proxy.port))
    expect(lines(found, 'http')[0]).toStartWith('warning: WebSockets pass, but HTTP push')
    expect(only(found, 'messages').verdict).toBe('ok')
  })

  test('does not hang on a silent server', async () => {
    const silent = net.createServer(() => {})
    const port = await listen(silent)
    const found = await diagnose(at(port), { timeoutMs: 100 })
    expect(only(found, 'http').message).toContain('did not answer in time')
    silent.close()
  })
})

describe('sub-path', () => {
  const below: HeadRule = (text) =>
    text.startsWith('GET /realtime/')
      ? { pass: text }
      : { answer: page('404 Not Found', '<center>nginx</center>') }
  const strip: HeadRule = (text) =>
    text.startsWith('GET /realtime/')
      ? { pass: text.replace('GET /realtime', 'GET ') }
      : { answer: page('404 Not Found', '<center>nginx</center>') }

  test('passed on unchanged to a server without a base path', async () => {
    const proxy = await through({ head: below, reply: asNginx })
    const { verdict, fix } = only(await diagnose(at(proxy.port, '/realtime')), 'sub-path')
    expect(verdict).toBe('wrong')
    expect(fix?.[0]).toBe('start Latchkey with --base-path /realtime')
  })

  test('stripped before a server without a base path', async () => {
    const proxy = await through({ head: strip })
    const found = await diagnose(at(proxy.port, '/realtime/'))
    expect(only(found, 'sub-path').verdict).toBe('ok')
    expect(only(found, 'messages').verdict).toBe('ok')
  })

  test('is right unchanged and wrong stripped, with a base path', async () => {
    const based = await startTestServer({ 'base-path': '/realtime' })
    const right = await through({ to: based.port, head: below })
    const flags = { 'base-path': '/realtime' }
    expect(only(await diagnose(at(right.port, '/realtime'), {}, flags), 'sub-path').verdict).toBe(
      'ok',
    )
    const wrong = await through({ to: based.port, head: strip, reply: asNginx })
    const finding = only(await diagnose(at(wrong.port, '/realtime'), {}, flags), 'sub-path')
    expect(finding.message).toContain(
      'the proxy strips /realtime, but Latchkey runs with --base-path',
    )
    const root = only(await diagnose(at(based.port), {}, flags), 'sub-path')
    expect(root.fix?.[0]).toBe(`give clients http://127.0.0.1:${based.port}/realtime`)
    await based.end()
  })

  test('finds Latchkey at the root of the host', async () => {
    const head: HeadRule = (text) =>
      text.startsWith('GET /realtime/') ? { answer: page('404 Not Found', 'no') } : { pass: text }
    const proxy = await through({ head })
    const finding = only(await diagnose(at(proxy.port, '/realtime')), 'sub-path')
    expect(finding.message).toContain(`it answers at http://127.0.0.1:${proxy.port}`)
  })
})

describe('idle', () => {
  test('reports after how long a proxy cuts quiet sockets, and the line to change', async () => {
    const proxy = await through({ cutAfterMs: 300, reply: asNginx })
    const { verdict, message, fix } = only(
      await diagnose(at(proxy.port), { idleSeconds: 5 }),
      'idle',
    )
    expect(verdict).toBe('wrong')
    expect(message).toMatch(/was cut after 0\.\d s .* Latchkey pings every 20 s/)
    expect(fix).toContain('proxy_read_timeout 75s;')
  })

  test('says that no ping was due in a short wait', async () => {
    const { verdict, message } = only(await diagnose(at(server.port), { idleSeconds: 0.1 }), 'idle')
    expect(verdict).toBe('ok')
    expect(message).toContain('wait over 20 to see a ping')
  })
})

describe('origin', () => {
  test('shows the exact flag for a refused origin', async () => {
    const flags = { 'allowed-origins': 'https://app.test' }
    const strict = await startTestServer(flags)
    const found = await diagnose(at(strict.port), { origin: 'https://my.site' }, flags)
    expect(only(found, 'upgrade').verdict).toBe('ok')
    expect(only(found, 'origin').fix?.[0]).toBe(
      '--allowed-origins https://app.test,https://my.site',
    )
    const allowed = await diagnose(at(strict.port), { origin: 'https://app.test' }, flags)
    expect(only(allowed, 'origin').verdict).toBe('ok')
    await strict.end()
  })

  test('tells a refusal by the proxy from ours', async () => {
    const head: HeadRule = (text) =>
      text.includes('\r\nOrigin:') ? { answer: page('403 Forbidden', 'no') } : { pass: text }
    const proxy = await through({ head })
    expect(only(await diagnose(at(proxy.port)), 'origin').message).toContain(
      'something before Latchkey',
    )
  })
})

describe('dns and connection', () => {
  test('reports a name that does not resolve', async () => {
    const found = await diagnose(`https://${'a'.repeat(64)}.test`)
    expect(only(found, 'dns').verdict).toBe('wrong')
    expect(only(found, 'public url').message).toContain('were not tried')
  })

  test('reports that nothing listens', async () => {
    const gone = net.createServer()
    const port = await listen(gone)
    gone.close()
    const finding = only(await diagnose(at(port)), 'connection')
    expect(finding.verdict).toBe('wrong')
    expect(finding.message).toContain('refused')
  })

  test('reports a dead address beside a good one', async () => {
    const target = parseTarget(at(server.port))!
    const probe = new Probe({ config: config({}), target, timeoutMs: 1000, authorities: undefined })
    const addresses = [
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]
    const found = []
    for await (const finding of checkAddresses(probe, addresses)) found.push(finding)
    expect(found[0]?.verdict).toBe('ok')
    expect(probe.address).toBe('127.0.0.1')
    expect(lines(found, 'connection')[1]).toContain('127.0.0.2 (A record) refused the connection')
    // Without IPv6 on the machine this cannot be tested.
    expect(['warning', 'skipped']).toContain(found[2]?.verdict ?? '')
    expect(found[2]?.message).toContain('::1')
  })

  test('refuses an invalid address', async () => {
    expect(only(await diagnose('my.host'), 'public url').verdict).toBe('wrong')
  })
})
