/** `latchkey doctor` as a process: what it prints, and the exit code that scripts rely on. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Finding } from '../../src/ops/doctor/finding.ts'
import { controlSocketPath } from '../../src/service/control/control-socket.ts'
import { type TestServer, latchkey, startTestServer, temporaryFolder } from '../support/server.ts'
import { type Proxy, asNginx, dropUpgrade, startProxy } from './doctor-proxies.ts'

let server: TestServer
let broken: Proxy
const folder = temporaryFolder()

beforeAll(async () => {
  server = await startTestServer()
  broken = await startProxy({ to: server.port, head: dropUpgrade, reply: asNginx })
})

afterAll(async () => {
  broken.stop()
  await server.end()
  folder.remove()
})

const doctor = (...argv: string[]) =>
  latchkey(['doctor', '--data', folder.path, '--port', '0', ...argv])

describe('latchkey doctor', () => {
  test('exits with 0 when nothing is wrong', async () => {
    const { code, out } = await doctor(`http://127.0.0.1:${server.port}`, '--idle', '0')
    expect(out).toContain('ok       messages       a message goes there and comes back\n')
    expect(out).toEndWith('Nothing is wrong.\n')
    expect(code).toBe(0)
  })

  test('exits with 1 and shows the lines to change', async () => {
    const { code, out } = await doctor(`ws://127.0.0.1:${broken.port}`)
    expect(out).toContain(
      'wrong    upgrade        the request reaches Latchkey, but the proxy drops',
    )
    expect(out).toContain('               proxy_set_header Upgrade $http_upgrade;\n')
    expect(out).toEndWith('One thing is wrong.\n')
    expect(code).toBe(1)
  })

  test('takes the address from the settings, and prints one JSON document', async () => {
    const { code, out } = await doctor('--public-url', `http://127.0.0.1:${broken.port}`, '--json')
    const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] }
    expect(ok).toBe(false)
    expect(findings.find((finding) => finding.verdict === 'wrong')?.check).toBe('upgrade')
    expect(code).toBe(1)
  })

  test('finds the server on its folder and where it listens', async () => {
    const { code, out } = await latchkey(['doctor', '--data', server.folder, '--port', '0'])
    expect(out).toContain(`runs on ${server.folder} at http://127.0.0.1:${server.port}\n`)
    expect(out).toMatch(/^ok +server +version /m)
    expect(code).toBe(0)
    expect((await doctor()).out).toMatch(/^ok +server +none runs on /m)
  })

  test('reports a server that does not answer or is not ready', async () => {
    const held = temporaryFolder()
    const other = Bun.serve({
      unix: controlSocketPath(held.path),
      fetch: (request) =>
        Response.json({ version: '1.2.3', reason: 'stopping' }, { status: statusOf(request) }),
    })
    const statusOf = (request: Request) => (request.url.endsWith('/ready') ? 503 : 200)
    const { out } = await latchkey(['doctor', '--data', held.path, '--port', '0'])
    expect(out).toMatch(/^warning +server +version 1\.2\.3 runs on .* is not ready: stopping$/m)
    await other.stop(true)
    held.remove()
  })

  const mistakes: [string, string[], string][] = [
    ['no address', ['my.host'], 'URL must be an http, https, ws or wss address'],
    ['no number', ['--idle', 'long'], '--idle must be a number of seconds'],
    ['too long', ['--idle', '99999999'], '--idle must be at most 86400 seconds'],
    ['no origin', ['--origin', 'my.site'], '--origin must be an origin such as https://my.site'],
    ['no file', ['--ca', '/nowhere.pem'], '--ca cannot be read (ENOENT)'],
  ]
  test.each(mistakes)('%s: one line, exit code 2', async (_name, argv, complaint) => {
    expect(await doctor(...argv)).toEqual({ code: 2, out: '', err: `latchkey: ${complaint}\n` })
  })
})
