/** What a server process listens on: ports, a port of its own for metrics, TLS, a base path. */
import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { ServerProcess, runJson } from '../cli/process.ts'
import { Client, upgradeAnswer } from '../support/client.ts'
import { latchkey, startTestServer, temporaryFolder } from '../support/server.ts'

const folder = temporaryFolder()
const servers: ServerProcess[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.end()
})
afterAll(() => folder.remove())

let folders = 0
const fresh = () => join(folder.path, String(++folders))

async function start(...flags: string[]): Promise<ServerProcess> {
  const server = await ServerProcess.start(['--data', fresh(), ...flags])
  servers.push(server)
  return server
}

/** A port that was free a moment ago. */
function freePort(): number {
  const probe = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const { port } = probe
  void probe.stop(true)
  return port!
}

async function refused(argv: readonly string[]): Promise<string> {
  const { code, err } = await latchkey(['serve', '--host', '127.0.0.1', ...argv])
  expect(code).toBe(1)
  expect(err).toStartWith('latchkey: ')
  expect(err.trimEnd()).not.toContain('\n')
  return err
}

describe('a port that is taken is told in one line', () => {
  test('by another program', async () => {
    const other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
    const err = await refused(['--port', String(other.port), '--data', fresh()])
    expect(err).toContain(`127.0.0.1:${other.port} is already in use`)
    await other.stop(true)
  })

  // With SO_REUSEPORT both would listen, and each would get half of the clients.
  test('by another server of ours on another data folder', async () => {
    const { port } = await start()
    const second = new ServerProcess(['--data', fresh(), '--port', String(port)])
    servers.push(second)
    expect(await second.exited()).toBe(1)
    expect(second.err).toContain(`127.0.0.1:${port} is already in use`)
  })

  test('for metrics', async () => {
    const other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
    const { port } = other
    const flags = ['--metrics-port', String(port), '--metrics-host', '127.0.0.1']
    const err = await refused([...flags, '--port', '0', '--data', fresh()])
    expect(err).toContain(`127.0.0.1:${port} is already in use`)
    expect(err).toContain('--metrics-port')
    await other.stop(true)
  })

  test('an address of another machine is reported', async () => {
    const err = await refused(['--host', '192.0.2.1', '--port', '0', '--data', fresh()])
    expect(err).toContain('192.0.2.1')
  })
})

test('what it listens on is printed, as JSON with --json', async () => {
  const data = fresh()
  const server = await start('--data', data, '--base-path', '/rt', '--log-format', 'text')
  expect(server.out).toContain(`  ${server.url}/rt\n`) // For people who click on it.
  expect(server.out).toContain(`${server.url.replace('http', 'ws')}/rt/c/<channel>`)
  expect(server.out).toContain(`data folder ${data}`)
  const machine = await start('--data', fresh(), '--json')
  expect(JSON.parse(machine.out)).toMatchObject({
    port: machine.port,
    addresses: [machine.url],
    sockets: [machine.sockets],
  })
  expect(machine.err + server.err).toBe('')
})

test('--metrics-port serves metrics there and nowhere else', async () => {
  const port = freePort()
  const server = await start('--metrics-port', String(port), '--metrics-host', '127.0.0.1')
  const there = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
  const metrics = await there('/metrics')
  expect(metrics.headers.get('content-type')).toStartWith('text/plain; version=0.0.4')
  expect(await metrics.text()).toContain('latchkey_ready 1')
  expect((await there('/health')).status).toBe(200)
  expect((await there('/v1/me')).status).toBe(404)
  expect((await there('/c/room')).status).toBe(404)
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404)
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
})

describe('TLS', () => {
  const cert = join(folder.path, 'cert.pem')
  const key = join(folder.path, 'key.pem')
  const shape = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const openssl = ['openssl', 'req', ...shape, ...names, '-keyout', key, '-out', cert]
  const made = Bun.which('openssl') ? Bun.spawnSync(openssl) : undefined

  test.skipIf(!made?.success)('--tls-cert and --tls-key serve https and wss', async () => {
    const server = await start('--tls-cert', cert, '--tls-key', key)
    expect(server.url).toStartWith('https://')
    const tls = { ca: await Bun.file(cert).text() }
    const health = await fetch(`${server.url}/health`, { tls })
    expect(health.status).toBe(200)
    // Without its certificate the server is not trusted.
    await expect(fetch(`${server.url}/health`)).rejects.toThrow()
    const init = { tls } as unknown as { headers: Record<string, string> }
    const [one, two] = [
      await Client.join(`${server.sockets}room`, init),
      await Client.join(`${server.sockets}room`, init),
    ]
    one.sendJson('over TLS')
    await two.message('over TLS')
  })

  test('missing or wrong certificate files are reported in one line', async () => {
    const absent = join(folder.path, 'absent.pem')
    const flags = ['--port', '0', '--data', fresh()]
    expect(await refused([...flags, '--tls-cert', absent, '--tls-key', absent])).toContain(absent)
    const wrong = join(folder.path, 'wrong.pem')
    await Bun.write(wrong, 'no certificate')
    await refused([...flags, '--tls-cert', wrong, '--tls-key', wrong])
  })
})

describe('--base-path', () => {
  test('everything is below it, and health checks also at the root', async () => {
    const server = await startTestServer({ 'base-path': '/rt' })
    const status = async (path: string) => (await fetch(server.url + path)).status
    const [one, two] = [
      await Client.join(`${server.sockets}room`),
      await Client.join(`${server.sockets}room`),
    ]
    one.sendJson('below')
    await two.message('below')
    expect((await upgradeAnswer(`${server.url}/c/room`)).status).toBe(404)
    expect((await upgradeAnswer(`${server.url}/rtc/c/room`)).status).toBe(404)
    for (const path of ['/health', '/ready', '/metrics'])
      expect([await status(path), await status(`/rt${path}`)], path).toEqual([200, 200])
    expect([await status('/rt'), await status('/rt/'), await status('/')]).toEqual([200, 200, 404])
    expect([await status('/rt/v1/me'), await status('/v1/me')]).toEqual([401, 404])
    const pushed = await fetch(`${server.url}/rt/push/room`, { method: 'POST', body: '1' })
    expect(pushed.status).toBe(403)
    const page = await (await fetch(`${server.url}/rt/docs`)).text()
    const links = [...page.matchAll(/(?:href|src)="(\/[^"#]*)/g)].map((match) => match[1]!)
    for (const link of new Set(links)) expect([link, await status(link)]).toEqual([link, 200])
    await server.end()
  })
})

test('IPv6 addresses can be listened on', async () => {
  const server = await start('--host', '::1')
  expect(server.out).toContain(`http://[::1]:`)
  const port = /\[::1\]:(\d+)/.exec(server.out)![1]!
  expect((await fetch(`http://[::1]:${port}/health`)).status).toBe(200)
  const client = await Client.join(`ws://[::1]:${port}/c/room`)
  client.close()
})

test('commands reach a server whose data folder has a very long path', async () => {
  const deep = join(fresh(), 'd'.repeat(120))
  await start('--data', deep)
  expect(await runJson<object>(['health', '--data', deep])).toMatchObject({ status: 'ready' })
})
