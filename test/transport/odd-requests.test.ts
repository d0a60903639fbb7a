/** Requests that no client sends: each is answered, none of them as a bug. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { DashboardUser } from '../dashboard/dashboard-user.ts'
import { ServerProcess } from '../cli/process.ts'
import { eventually } from '../support/client.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { type TestServer, startTestServer, temporaryFolder } from '../support/server.ts'

let server: TestServer
let owner: DashboardUser
beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  owner = await DashboardUser.owner(server)
})
afterAll(() => server.end())

/** The status of the answer to a request that is sent exactly so. */
async function statusOf(head: string): Promise<number> {
  const socket = RawSocket.send(server.port, Buffer.from(`${head}\r\n\r\n`, 'latin1'))
  const status = await socket.answer()
  socket.destroy()
  return status
}

function answersTo(heads: readonly string[]): Promise<{ head: string; status: number }[]> {
  return Promise.all(heads.map(async (head) => ({ head, status: await statusOf(head) })))
}

/** Requests that were not answered, or with an internal error. */
function bugsIn(answers: Awaited<ReturnType<typeof answersTo>>) {
  return answers.filter(({ status }) => status === 0 || status >= 500)
}

const PATHS = [
  '/',
  '/docs/%ff',
  '/errors/%zz',
  '/v1/apps/%zz',
  '/dashboard',
  '/dashboard/%ff?next=%zz',
  '/dashboard/apps/%',
  '/dashboard/live/channel?name=%zz&app=%',
  '/dashboard/claim?token=%ff',
  '/dashboard/connect',
  '/dashboard/account',
  '/channels/%zz/messages',
  '/channels/a/messages?envelope=json',
  '/comet/%zz/recv',
  '/sse?channels=%zz&v=1',
  '/push/%zz',
  '/c/%zz',
  '//',
  '//evil.test/x',
  '/nowhere#%',
]

const UNUSABLE = [
  'a b',
  'a/b',
  'a@b',
  'a%zz',
  '[',
  '[::1',
  '[::g]',
  'x:99999',
  'x:abc',
  'a:b:c',
  '1.2.3.4.5:80',
  'xn--a',
  '?',
  '<a>',
  'a\\b',
  '\xff\xfe',
]

describe('a Host header that is none', () => {
  test.each(UNUSABLE)('is refused everywhere: %s', async (host) => {
    const reads = [...PATHS, '/health', '/time'].map((path) => `GET ${path} HTTP/1.1`)
    const heads = [...reads, 'POST /apps HTTP/1.1\r\nContent-Length: 0']
    const seen = await answersTo(heads.map((head) => `${head}\r\nHost: ${host}`))
    expect(seen.filter(({ status }) => status !== 400)).toEqual([])
  })

  test('is not required of HTTP/1.0', async () => {
    expect(await statusOf('GET /health HTTP/1.0')).toBe(200)
    expect(await statusOf('GET /health HTTP/1.1\r\nHost:')).toBe(200)
    for (const host of ['my.host', 'my_host:8080', '[::1]:80', 'LOCALHOST', 'a.b.'])
      expect(await statusOf(`GET /health HTTP/1.1\r\nHost: ${host}`)).toBe(200)
  })
})

describe.each(['a stranger', 'somebody signed in'])('from %s', (who) => {
  const more = () => (who === 'a stranger' ? '' : `\r\nCookie: ${owner.cookie}`)

  test('odd paths are answered, with a host and without', async () => {
    const heads = PATHS.flatMap((path) => [
      `GET ${path} HTTP/1.0${more()}`,
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}${more()}`,
    ])
    expect(bugsIn(await answersTo(heads))).toEqual([])
  })

  test('odd methods are answered', async () => {
    for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'PUT', 'DELETE', 'HEAD']) {
      const line = `HTTP/1.1\r\nHost: 127.0.0.1:${server.port}${more()}`
      const heads = PATHS.map((path) => `${method} ${path} ${line}`)
      expect(bugsIn(await answersTo(heads))).toEqual([])
    }
  })
})

test('odd headers are answered', async () => {
  const names = [
    'Cookie',
    'Authorization',
    'Content-Type',
    'Origin',
    'Accept',
    'X-Ably-ClientId',
    'X-Ably-Version',
    'X-Send-Key',
    'Access-Control-Request-Headers',
    'X-Ably-DeviceToken',
  ]
  const values = ['\xff', '%zz', '=;;', 'latchkey-session-80=%ff; latchkey-theme=%', 'Bearer ..']
  const paths = ['/dashboard/sign-in', '/v1/me', '/channels/a/messages', '/push/a']
  for (const name of names) {
    const heads = values.flatMap((value) =>
      paths.flatMap((path) =>
        ['GET', 'POST', 'OPTIONS'].map(
          (method) =>
            `${method} ${path} HTTP/1.1\r\nHost: a\r\n${name}: ${value}\r\nContent-Length: 0`,
        ),
      ),
    )
    expect(bugsIn(await answersTo(heads))).toEqual([])
  }
})

test('many odd requests write a bounded log, without a stack', async () => {
  const folder = temporaryFolder()
  const process = await ServerProcess.start(['--data', folder.path])
  try {
    const port = Number(new URL(process.url).port)
    const head = `GET /dashboard/${'x'.repeat(3000)} HTTP/1.1\r\nHost: a b`
    const sockets = Array.from({ length: 400 }, () => RawSocket.send(port, `${head}\r\n\r\n`))
    for (const socket of sockets) expect(await socket.answer()).toBe(400)
    await eventually(
      () => process.logs.some((log) => log['reason'] === 'bad_request'),
      'it is told',
    )
    const lines = process.logs.filter((log) => log['reason'] === 'bad_request')
    expect(lines.length).toBeLessThan(300)
    expect(process.out).not.toContain('at fetch')
    expect(Math.max(...lines.map((line) => JSON.stringify(line).length))).toBeLessThan(600)
  } finally {
    await process.end()
    folder.remove()
  }
})
