/** The list of origins binds every way in that a page has, and no program. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Caller } from '../api/caller.ts'
import { ServerProcess, run, runJson } from '../cli/process.ts'
import { eventually } from '../support/client.ts'
import { temporaryFolder } from '../support/server.ts'

const GOOD = 'https://my.site'
/** The same origin as people write it. */
const WRITTEN = 'HTTPS://My.Site:443/'
const FOREIGN = ['https://evil.test', 'http://my.site', 'null', '']

let api: Caller
let url: string
let key: string
beforeAll(async () => {
  api = await Caller.start({ sandbox: 'true', 'allowed-origins': WRITTEN })
  url = api.server.url
  api.server.reserve('pushed', { sendKey: 'secret' })
  key = api.server.addKey()
  await eventually(async () => (await ask(REST[0]!, undefined)).ok, 'the key is known')
})
afterAll(() => api.server.end())

interface Way {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers?: () => Record<string, string>
  readonly body?: string
}

const basic = () => ({ authorization: `Basic ${btoa(key)}` })

const REST: readonly Way[] = [
  { name: 'REST', method: 'GET', path: '/channels/a/messages', headers: basic },
  {
    name: 'publishing over REST',
    method: 'POST',
    path: '/channels/a/messages',
    headers: basic,
    body: '{"name":"a"}',
  },
  { name: 'the time', method: 'GET', path: '/time' },
  { name: 'chat', method: 'GET', path: '/chat/v4/rooms/a/messages', headers: basic },
  { name: 'an app of the sandbox', method: 'POST', path: '/apps', body: '{}' },
  { name: 'push administration', method: 'GET', path: '/push/deviceRegistrations', headers: basic },
]

const OTHERS: readonly Way[] = [
  { name: 'comet', method: 'GET', path: '/comet/connect?stream=false', headers: basic },
  {
    name: 'itty push',
    method: 'POST',
    path: '/push/pushed',
    headers: () => ({ 'x-send-key': 'secret' }),
    body: '1',
  },
  {
    name: 'the HTTP API',
    method: 'GET',
    path: '/v1/me',
    headers: () => ({ authorization: `Bearer ${api.owner}` }),
  },
  {
    name: 'the HTTP API at its other address',
    method: 'GET',
    path: '/api/v1/me',
    headers: () => ({ authorization: `Bearer ${api.owner}` }),
  },
  {
    name: 'an event stream',
    method: 'GET',
    path: '/sse?channels=a&v=1.2',
    headers: basic,
  },
]

function ask({ method, path, headers, body }: Way, origin: string | undefined): Promise<Response> {
  return fetch(url + path, {
    method,
    headers: { ...headers?.(), ...(origin !== undefined && { origin }) },
    ...(body !== undefined && { body }),
  })
}

const corsOf = ({ headers }: Response) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'))

describe.each([...REST, ...OTHERS])('$name', (way) => {
  test('admits programs and pages of listed origins', async () => {
    for (const origin of [undefined, GOOD]) {
      const answer = await ask(way, origin)
      expect(answer.ok, origin).toBe(true)
      await answer.body?.cancel()
    }
  })

  test('refuses other pages, which cannot read the answer', async () => {
    for (const origin of FOREIGN) {
      const answer = await ask(way, origin)
      expect(answer.status, origin).toBe(403)
      expect(corsOf(answer)).toEqual([])
      expect(await answer.text()).toContain('this origin is not allowed')
    }
  })

  test('refuses their preflight too', async () => {
    const headers = {
      'access-control-request-method': way.method,
      'access-control-request-headers': Object.keys(way.headers?.() ?? {}).join(', '),
    }
    const preflight = { ...way, method: 'OPTIONS', headers: () => headers }
    const { body: _, ...asked } = preflight
    const refused = await ask(asked, 'https://evil.test')
    expect([refused.status, corsOf(refused)]).toEqual([403, []])
  })
})

test('refusals have the form of the protocol', async () => {
  const origin = 'https://evil.test'
  const rest = (await (await ask(REST[0]!, origin)).json()) as { error: { code: number } }
  expect(rest.error.code).toBe(40300)
  const push = (await (await ask(OTHERS[1]!, origin)).json()) as { error: { code: string } }
  expect(push.error.code).toBe('origin_refused')
  const control = (await (await ask(OTHERS[2]!, origin)).json()) as { reason: string }
  expect(control.reason).toBe('origin_refused')
})

test('public pages and health checks stay open', async () => {
  for (const path of [
    '/',
    '/health',
    '/ready',
    '/metrics',
    '/docs',
    '/docs/limits',
    '/errors/40300',
    '/is-the-internet-up.txt',
    '/dashboard/sign-in',
  ]) {
    const { status } = await fetch(url + path, { headers: { origin: 'https://evil.test' } })
    expect([path, status]).toEqual([path, 200])
  }
})

test('a publish of an unlisted page has no effect', async () => {
  await ask({ ...REST[1]!, path: '/channels/forged/messages' }, 'https://evil.test')
  const read = await ask({ ...REST[0]!, path: '/channels/forged/messages' }, undefined)
  expect(await read.json()).toEqual([])
})

test('the log shows the origin and the setting that would admit it', async () => {
  const folder = temporaryFolder()
  const server = await ServerProcess.start(['--data', folder.path, '--allowed-origins', GOOD])
  try {
    const origin = 'https://other.site'
    const { status } = await fetch(`${server.url}/channels/a/messages?key=hush`, {
      headers: { origin },
    })
    expect(status).toBe(403)
    await eventually(
      () => server.logs.some((log) => log['reason'] === 'origin_refused'),
      'the refusal is logged',
    )
    const line = server.logs.find((log) => log['reason'] === 'origin_refused')
    expect(line).toMatchObject({ level: 'WARN', origin, address: '127.0.0.1' })
    expect(line!['fix']).toContain(`--allowed-origins '${GOOD},${origin}'`)
    expect(server.out).not.toContain('hush')
  } finally {
    await server.end()
    folder.remove()
  }
})

test('the log and the page of refusals point out near misses', async () => {
  const folder = temporaryFolder()
  const server = await ServerProcess.start(['--data', folder.path, '--allowed-origins', WRITTEN])
  try {
    await fetch(`${server.url}/channels/a/messages`, { headers: { origin: `${GOOD}:8443` } })
    const isLogged = () => server.logs.some((log) => log['reason'] === 'origin_refused')
    await eventually(isLogged, 'the refusal is logged')
    const line = server.logs.find((log) => log['reason'] === 'origin_refused')
    expect(line).toMatchObject({ near: `${GOOD} is allowed, and this has another port` })
  } finally {
    await server.end()
    folder.remove()
  }
})

test('the log points out near misses of an app’s own list', async () => {
  const folder = temporaryFolder()
  const server = await ServerProcess.start(['--data', folder.path])
  try {
    const here = ['--data', folder.path]
    await run([
      'apps',
      'set',
      'default',
      '--allowed-origins',
      'https://Bücher.example:443',
      ...here,
    ])
    const { key: own } = await runJson<{ key: string }>(['keys', 'add', ...here])
    const statusFrom = async (origin: string) => {
      const headers = { origin, authorization: `Basic ${btoa(own)}` }
      return (await fetch(`${server.url}/channels/a/messages`, { headers })).status
    }
    expect(await statusFrom('https://xn--bcher-kva.example')).toBe(200)
    expect(await statusFrom('http://xn--bcher-kva.example')).toBe(403)
    await eventually(
      () => server.logs.some((log) => String(log['near']).endsWith('another scheme')),
      'the refusal is logged with what is near',
    )
  } finally {
    await server.end()
    folder.remove()
  }
})
