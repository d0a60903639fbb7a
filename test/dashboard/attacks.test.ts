/** Attacks on the dashboard by strangers and other sites are refused. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type TestServer, latchkey, startTestServer } from '../support/server.ts'
import { PASSWORD, DashboardUser, tokenIn } from './dashboard-user.ts'

/** Headers of browsers for requests to the same and to another site. */
const FROM_OURS = { 'sec-fetch-site': 'same-origin' }
const CROSS = { 'sec-fetch-site': 'cross-site' }

let server: TestServer
let owner: DashboardUser
let reservation: string

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
  owner = await DashboardUser.owner(server)
  const { location } = await owner.post('/reservations', { namespace: 'acme', send: 'on' })
  reservation = location!.replace(/\?.*/, '')
})
afterAll(() => server.end())

const reserved = async () => (await owner.get('/reservations')).text

describe('without a session', () => {
  const paths = [
    '/',
    '/reservations',
    '/apps',
    '/who',
    '/live',
    '/live/figures',
    '/live/socket',
    '/audit',
    '/statistics',
    '/backups',
    '/account',
  ]

  test.each(paths)('%s leads to the sign-in page', async (path) => {
    const { status, location } = await new DashboardUser(server).get(path)
    expect(status).toBe(303)
    expect(location).toStartWith('/sign-in')
  })

  test('nothing can be changed', async () => {
    const stranger = new DashboardUser(server)
    const { status } = await stranger.post('/reservations', { namespace: 'stolen' })
    expect(status).toBe(401)
    expect(await reserved()).not.toContain('stolen')
  })

  test('an invented session is not accepted', async () => {
    const stranger = new DashboardUser(server)
    for (const name of owner.cookies.keys()) stranger.cookies.set(name, 'A'.repeat(43))
    expect(await stranger.isIn()).toBe(false)
  })

  test('the address after signing in is never on another server', async () => {
    for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example', '/x?y=//z']) {
      const visitor = new DashboardUser(server)
      const answer = await visitor.post('/sign-in', {
        email: 'ann@example.com',
        password: PASSWORD,
        next,
      })
      expect(answer.headers.get('location')).toBe('/dashboard')
    }
  })
})

describe('from another site, with the owner’s cookies', () => {
  const forged: [what: string, headers: Record<string, string>][] = [
    ['another origin', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another origin that hides it', { origin: 'https://evil.example' }],
    ['no origin at all', { origin: '' }],
    ['an opaque origin', { origin: 'null' }],
    ['another port of this host', { origin: 'http://127.0.0.1:1' }],
    ['a site beside this one', { 'sec-fetch-site': 'same-site' }],
    ['the address bar', { 'sec-fetch-site': 'none' }],
  ]

  test.each(forged)('a form with %s is refused', async (_, headers) => {
    const answer = await owner.post('/reservations', { namespace: 'forged' }, { headers })
    expect(answer.status).toBe(403)
    expect(await reserved()).not.toContain('forged')
  })

  test.each(forged)('JSON with %s is refused', async (_, headers) => {
    const answer = await owner.post(
      '/reservations',
      {},
      {
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ namespace: 'forged' }),
      },
    )
    expect(answer.status).toBe(403)
    expect(await reserved()).not.toContain('forged')
  })

  test('behind a proxy that hides the host, only the public address is this site', async () => {
    const behind = await startTestServer({ 'public-url': 'https://my.example' })
    try {
      const post = (origin: string) =>
        new DashboardUser(behind).signIn('a@b.example', PASSWORD, { origin })
      // The server is not claimed yet, and the page says so.
      expect((await post('https://my.example')).status).toBe(200)
      expect((await post('http://my.example')).status).toBe(403)
      expect((await post('https://my.example:8443')).status).toBe(403)
      expect((await post('https://not.my.example')).status).toBe(403)
    } finally {
      await behind.end()
    }
  })

  test('even from this site a form needs the token of the session', async () => {
    for (const form of ['', 'x', 'A'.repeat(43)]) {
      const answer = await owner.post('/reservations', { namespace: 'forged', form })
      expect(answer.status).toBe(403)
    }
    const json = { 'content-type': 'application/json' }
    const body = JSON.stringify({ namespace: 'forged' })
    expect((await owner.post('/reservations', {}, { headers: json, body })).status).toBe(403)
    expect(await reserved()).not.toContain('forged')
  })

  test('another site cannot sign anybody in', async () => {
    const visitor = new DashboardUser(server)
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await visitor.signIn('ann@example.com', PASSWORD, headers)).status).toBe(403)
    expect(visitor.cookies.size).toBe(0)
  })

  test('other methods are refused', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await fetch(`${server.url}/dashboard${reservation}`, { method })
      expect(answer.status).toBe(405)
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})

describe('a session', () => {
  test('that was planted before signing in is replaced', async () => {
    const visitor = await new DashboardUser(server).ready()
    const planted = 'planted-by-somebody-else'
    const [name] = owner.cookies.keys()
    visitor.cookies.set(name!, planted)
    await visitor.signIn('ann@example.com')
    expect(visitor.cookies.get(name!)).not.toBe(planted)
    expect(await visitor.isIn()).toBe(true)
    const attacker = new DashboardUser(server)
    attacker.cookies.set(name!, planted)
    expect(await attacker.isIn()).toBe(false)
  })

  test('ends when its browser signs in again or out', async () => {
    const visitor = new DashboardUser(server)
    await visitor.signIn('ann@example.com')
    await visitor.ready()
    const first = new Map(visitor.cookies)
    await visitor.signIn('ann@example.com')
    await visitor.ready()
    const second = new Map(visitor.cookies)
    expect([...first.values()]).not.toEqual([...second.values()])
    await visitor.post('/sign-out', {})
    for (const cookies of [first, second]) {
      const ghost = new DashboardUser(server)
      for (const [name, value] of cookies) ghost.cookies.set(name, value)
      expect(await ghost.isIn()).toBe(false)
    }
  })

  test('comes with a warning if the password would travel unencrypted', async () => {
    const page = (host: string) =>
      fetch(`${server.url}/dashboard/sign-in`, { headers: { host } }).then((one) => one.text())
    expect(await page('my.example')).toContain('This page is not encrypted')
    expect(await page('127.0.0.1:8080')).not.toContain('This page is not encrypted')
    expect(await page('localhost')).not.toContain('This page is not encrypted')
  })

  test('has an HttpOnly cookie and pages that are not cached', async () => {
    const answer = await new DashboardUser(server).signIn('ann@example.com')
    const [cookie] = answer.headers.getSetCookie()
    expect(cookie).toMatch(/; HttpOnly/)
    expect(cookie).toMatch(/; SameSite=Lax/)
    expect((await owner.get('/account')).headers.get('cache-control')).toBe('no-store')
  })

  test('over https has a __Host- cookie, and no other is accepted', async () => {
    const behind = await startTestServer({ 'trusted-proxies': 'loopback' })
    try {
      const headers = {
        'x-forwarded-proto': 'https',
        origin: behind.url.replace('http:', 'https:'),
      }
      const visitor = new DashboardUser(behind)
      const token = tokenIn(behind.claimLink!)
      const fields = { token, email: 'ann@example.com', password: PASSWORD }
      const answer = await visitor.post('/claim', fields, { headers })
      const [cookie] = answer.headers.getSetCookie()
      expect(cookie).toMatch(/^__Host-[^;]+;.*Path=\/; HttpOnly; Secure/)
      const secret = [...visitor.cookies.values()][0]!
      const port = new URL(behind.url).port
      const page = (cookies: string) =>
        fetch(`${behind.url}/dashboard/account`, {
          redirect: 'manual',
          headers: { 'x-forwarded-proto': 'https', cookie: cookies },
        })
      expect((await page(`__Host-latchkey-session=${secret}`)).status).toBe(200)
      expect((await page(`latchkey-session-${port}=${secret}`)).status).toBe(303)
    } finally {
      await behind.end()
    }
  })
})

describe('one-time links', () => {
  test('the claim link works once', async () => {
    const token = tokenIn(server.claimLink!)
    const stranger = new DashboardUser(server)
    expect((await stranger.get(`/claim?token=${token}`)).status).toBe(410)
    const fields = { token, email: 'eve@example.com', password: PASSWORD }
    expect((await stranger.post('/claim', fields)).status).toBe(410)
    expect(await stranger.isIn()).toBe(false)
  })

  test('of two simultaneous uses one succeeds', async () => {
    const other = await startTestServer()
    try {
      const token = tokenIn(other.claimLink!)
      const visitors = ['a@x.example', 'b@x.example', 'c@x.example'].map((email) => ({
        email,
        visitor: new DashboardUser(other),
      }))
      const answers = await Promise.all(
        visitors.map(({ email, visitor }) =>
          visitor.post('/claim', { token, email, password: PASSWORD }),
        ),
      )
      expect(answers.map(({ status }) => status).toSorted()).toEqual([303, 410, 410])
    } finally {
      await other.end()
    }
  })

  test('an invitation cannot be used as a claim, nor anything else', async () => {
    await owner.post('/account/people/invite', { role: 'viewer', note: 'x' })
    const token = tokenIn((await owner.get('/account')).text)
    const stranger = new DashboardUser(server)
    for (const guess of [token, '', 'x', 'A'.repeat(43)]) {
      expect((await stranger.get(`/claim?token=${guess}`)).status).toBe(410)
    }
  })
})

describe('another account', () => {
  test('cannot see or change anything of this account', async () => {
    const { text } = await owner.get('/apps')
    const app = /\/apps\/(\w+)/.exec(text)![1]!
    const other = await otherAccount()
    for (const path of [reservation, `${reservation}/remove`, `/apps/${app}`]) {
      expect((await other.get(path)).status).toBe(404)
    }
    for (const path of [`${reservation}/remove`, `${reservation}/keys`, `/apps/${app}/keys`]) {
      const fields = { kind: 'send', act: 'clear', name: 'x', mode: 'json', json: '{"*":["*"]}' }
      expect((await other.post(path, fields)).status).toBe(404)
    }
    expect((await other.get('/reservations')).text).not.toContain(reservation)
    expect((await other.get('/apps')).text).not.toContain(app)
    const taken = await other.post('/reservations', { namespace: 'acme/below' })
    expect(taken.status).toBe(400)
    expect(await reserved()).not.toContain('acme/below')
  })
})

/** An owner of an account that is not the server's own. */
async function otherAccount(): Promise<DashboardUser> {
  const data = ['--data', server.folder!]
  await latchkey(['accounts', 'add', 'other', ...data])
  const { out } = await latchkey(['accounts', 'reset', 'other', ...data])
  const visitor = new DashboardUser(server)
  const fields = { token: tokenIn(out), email: 'mallory@example.com', password: PASSWORD }
  await visitor.post('/claim', fields)
  return visitor.ready()
}

describe('behind a proxy that changes the Host header', () => {
  const signIn = async (headers: Record<string, string>) => {
    const answer = await fetch(`${server.url}/dashboard/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: 'email=ann@example.com&password=wrong',
    })
    return { status: answer.status, text: await answer.text() }
  }

  test.each([
    ['without the port', { origin: 'https://my.host:8443', host: 'my.host' }],
    ['with its own name', { ...FROM_OURS, origin: 'https://my.host', host: '127.0.0.1:8080' }],
    ['with another port', { origin: 'http://my.host:9000', host: 'my.host:8080' }],
  ])('signing in %s fails, and says what to change', async (_, headers) => {
    const { status, text } = await signIn(headers)
    expect(status).toBe(403)
    expect(text).toContain('proxy_set_header Host $http_host;')
    expect(text).toContain(`--public-url ${headers.origin}`)
  })

  test.each([
    ['another site', { origin: 'https://evil.example', host: 'my.host' }],
    ['a site beside it', { origin: 'https://evil.my.host', host: 'my.host' }],
    [
      'one that a browser vouches against',
      { ...CROSS, origin: 'https://my.host:1', host: 'my.host' },
    ],
    ['no name at all', { ...FROM_OURS, origin: 'https://my.host"><b>', host: 'my.host' }],
  ])('%s is not told the setting', async (_, headers) => {
    const { status, text } = await signIn(headers)
    expect(status).toBe(403)
    expect(text).not.toContain('proxy_set_header')
  })

  test('the port that the scheme has anyway makes no difference', async () => {
    for (const headers of [
      { origin: 'https://my.host', host: 'my.host:443' },
      { origin: 'http://my.host', host: 'my.host:80' },
      { origin: 'https://my.host', host: 'MY.host' },
    ])
      // The rate of attempts is used up above; the origin is accepted.
      expect([401, 429]).toContain((await signIn(headers)).status)
  })
})
