/** The proxies of the README, really run with the configurations that it shows: wss in front, our server behind. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Certificates, makeCertificates } from '../ops/doctor-proxies.ts'
import { known } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { type TestServer, latchkey, startTestServer, temporaryFolder } from '../support/server.ts'
import { handshakeFrom } from './from-address.ts'
import { type Wanted, find, provide } from './programs.ts'
import { type Proxy, type StartProxy, startCaddy, startNginx } from './proxies.ts'

const JOIN_KEY = 'join-key-of-the-test'
const SEND_KEY = 'send-key-of-the-test'
const KEYS = { joinKey: JOIN_KEY, sendKey: SEND_KEY }
const QUERY = new URLSearchParams(KEYS).toString()

const folder = temporaryFolder()
const openssl = find('openssl')
if (openssl === undefined) console.log('skipped: the proxies need a certificate from openssl')
const certificates = openssl === undefined ? undefined : makeCertificates(folder.path)
afterAll(() => folder.remove())

const PROXIES: readonly (readonly [wanted: Wanted, start: StartProxy])[] = [
  [
    { program: 'nginx', debianPackage: 'nginx', inPackage: 'usr/sbin/nginx', versionFlag: '-v' },
    startNginx,
  ],
  [
    {
      program: 'caddy',
      debianPackage: 'caddy',
      inPackage: 'usr/bin/caddy',
      versionFlag: 'version',
    },
    startCaddy,
  ],
]

/** A server with a reserved namespace, and the proxy in front of it. */
async function startBoth(
  program: string,
  start: StartProxy,
  { path, read }: Certificates,
  flags: Record<string, string> = {},
): Promise<{ server: TestServer; proxy: Proxy }> {
  const server = await startTestServer({ 'trusted-proxies': 'loopback', ...flags })
  try {
    server.reserve('acme', KEYS)
    const behind = `${server.url}${server.config.basePath}`
    await eventually(async () => (await push(behind)).ok, 'the reservation applies')
    const site = join(folder.path, crypto.randomUUID())
    mkdirSync(site)
    const proxy = await start(program, {
      folder: site,
      cert: path('leaf.pem'),
      key: path('leaf.key'),
      ca: read('ca.pem'),
      behind: server.port,
      basePath: server.config.basePath,
    })
    return { server, proxy }
  } catch (error) {
    await server.end()
    throw error
  }
}

function push(url: string, tls?: { ca: string }): Promise<Response> {
  const headers = { 'x-send-key': SEND_KEY }
  return fetch(`${url}/push/acme`, {
    method: 'POST',
    body: '"pushed"',
    headers,
    ...(tls && { tls }),
  })
}

function channel({ url }: Proxy, name: string): string {
  return `${url.replace('https', 'wss')}/c/${name}`
}

/** What the published client gets when it sends to itself. */
async function visit(address: string, authority: string): Promise<Record<string, unknown>> {
  const script = join(import.meta.dir, 'visitor.ts')
  const child = Bun.spawn([process.execPath, script, address, JSON.stringify(KEYS)], {
    env: { PATH: process.env['PATH'] ?? '', NODE_EXTRA_CA_CERTS: authority },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const out = await new Response(child.stdout).text()
  expect(await child.exited).toBe(0)
  return JSON.parse(out) as Record<string, unknown>
}

for (const [wanted, start] of certificates ? PROXIES : []) {
  const program = provide(wanted, folder.path)
  describe.skipIf(program === undefined)(`behind ${wanted.program}`, () => {
    const { path, read } = certificates!
    const tls = { ca: read('ca.pem') }
    let server: TestServer
    let proxy: Proxy

    beforeAll(async () => {
      const flags = { 'max-address-connections': '3' }
      ;({ server, proxy } = await startBoth(program!, start, certificates!, flags))
    })

    afterAll(async () => {
      await proxy?.stop()
      await server?.end()
    })

    test('the published client joins, sends and receives over wss', async () => {
      const heard = await visit(channel(proxy, 'acme'), path('ca.pem'))
      expect(heard).toMatchObject({ message: 'by wss', alias: 'sender' })
    })

    test('a refused join gets 403', async () => {
      const handshake = await handshakeFrom('127.0.0.1', channel(proxy, 'acme'), tls.ca)
      handshake.end()
      expect(handshake.status).toBe(403)
    })

    test('an HTTP push reaches a member', async () => {
      // Bun's client takes it beside the headers.
      const init: { headers?: Record<string, string>; tls: { ca: string } } = { tls }
      const listener = await Client.join(`${channel(proxy, 'acme')}?${QUERY}`, init)
      const answer = await push(proxy.url, tls)
      expect(await answer.json()).toEqual({ receivers: 1 })
      await listener.message('pushed')
      listener.close()
      await listener.closing()
    })

    test('limits count by the address that the proxy forwards', async () => {
      const open = (address: string) => handshakeFrom(address, channel(proxy, 'lobby'), tls.ca)
      const members = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')]
      const surplus = await open('127.0.0.2')
      const neighbour = await open('127.0.0.3')
      const statuses = [...members, surplus, neighbour].map(({ status }) => status)
      expect(statuses).toEqual([101, 101, 101, 429, 101])
      const { out } = await latchkey(['connections', 'list', '--data', server.folder, '--json'])
      const addresses = (JSON.parse(out) as { address: string }[]).map(({ address }) => address)
      expect(addresses.toSorted()).toEqual(['127.0.0.2', '127.0.0.2', '127.0.0.2', '127.0.0.3'])
      for (const handshake of [...members, surplus, neighbour]) handshake.end()
    })

    test('works under a sub-path', async () => {
      const flags = { 'base-path': '/realtime' }
      const below = await startBoth(program!, start, certificates!, flags)
      try {
        const heard = await visit(channel(below.proxy, 'acme'), path('ca.pem'))
        expect(heard).toMatchObject({ message: 'by wss' })
        const page = await fetch(`${below.proxy.url}/docs`, { tls })
        expect(await page.text()).toContain('href="/realtime/docs/clients"')
      } finally {
        await below.proxy.stop()
        await below.server.end()
      }
    })

    test('answers that go on are passed on bit by bit', async () => {
      const key = await known(server, server.addKey())
      const streams = {
        sse: `/sse?v=2&channels=lobby&key=${key}`,
        comet: `/comet/connect?v=6&stream=true&key=${key}`,
      }
      for (const [name, stream] of Object.entries(streams)) {
        const answer = await fetch(proxy.url + stream, { tls })
        expect([name, answer.status]).toEqual([name, 200])
        const reader = answer.body!.getReader()
        if (name === 'sse') await publish(key)
        const { done, value } = await reader.read()
        expect([name, done, value!.byteLength > 0]).toEqual([name, false, true])
        await reader.cancel()
      }
    })

    async function publish(key: string): Promise<void> {
      const headers = { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' }
      const url = `${server.url}/channels/lobby/messages`
      const answer = await fetch(url, { method: 'POST', headers, body: '{"data":"x"}' })
      expect(answer.status).toBe(201)
    }

    // Last, because it takes the server away: what cannot be passed on is logged as an error.
    test('no key is in its logs', async () => {
      await server.stop()
      const lost = await fetch(`${proxy.url}/c/lost?${QUERY}`, {
        tls,
        headers: { 'x-send-key': SEND_KEY },
      })
      expect(lost.status).toBe(502)
      await eventually(
        () =>
          ['/c/acme', '/push/acme', '/c/lost'].every((part) => proxy.accessLog().includes(part)),
        'the requests are in the access log',
      )
      const logs = proxy.accessLog() + proxy.otherLogs()
      for (const secret of ['/c/acme?', '/c/lost?', 'joinKey', JOIN_KEY, SEND_KEY]) {
        expect(logs).not.toContain(secret)
      }
    })
  })
}
