/** Signing in with OpenID Connect and with GitHub, against small providers that speak real HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { type TestServer, latchkey, startTestServer } from '../support/server.ts'
import { DashboardUser, tokenIn } from './dashboard-user.ts'

const CLIENT_ID = 'latchkey'
const SECRET = 'between us'

/** The authorization request behind a code. */
interface Grant {
  readonly nonce: string | null
  readonly challenge: string
  readonly redirectUri: string
}

/** A provider that signs in whomever the test names, and checks requests strictly. */
class SmallProvider {
  readonly #server: ReturnType<typeof Bun.serve>
  readonly #grants = new Map<string, Grant>()
  readonly #keys = generateKeyPair('ES256')
  readonly #otherKeys = generateKeyPair('ES256')
  /** Claims of the next id token beside the usual ones, which they replace. */
  claims: Record<string, unknown> = {}
  user: Record<string, unknown> = { id: 1, login: 'ann' }
  signsWithOtherKey = false
  describesItselfAs: string | undefined
  readonly complaints: string[] = []

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      routes: {
        '/.well-known/openid-configuration': () => Response.json(this.#description()),
        '/authorize': (request) => this.#authorize(new URL(request.url)),
        '/login/oauth/authorize': (request) => this.#authorize(new URL(request.url)),
        '/token': { POST: (request) => this.#token(request) },
        '/login/oauth/access_token': { POST: (request) => this.#githubToken(request) },
        '/api/v3/user': (request) =>
          request.headers.get('authorization') === 'Bearer gh-token'
            ? Response.json(this.user)
            : new Response('{}', { status: 401 }),
        '/keys': async () => {
          const { publicKey } = await this.#keys
          return Response.json({
            keys: [{ ...(await exportJWK(publicKey)), kid: 'a', alg: 'ES256' }],
          })
        },
      },
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`
  }

  stop(): Promise<void> {
    return this.#server.stop(true)
  }

  #description() {
    return {
      issuer: this.describesItselfAs ?? this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/keys`,
    }
  }

  #authorize({ searchParams }: URL): Response {
    const code = crypto.randomUUID()
    const redirectUri = searchParams.get('redirect_uri')!
    if (searchParams.get('code_challenge_method') !== 'S256') this.complaints.push('no PKCE')
    this.#grants.set(code, {
      nonce: searchParams.get('nonce'),
      challenge: searchParams.get('code_challenge')!,
      redirectUri,
    })
    const back = new URL(redirectUri)
    back.searchParams.set('code', code)
    back.searchParams.set('state', searchParams.get('state')!)
    return Response.redirect(back.href, 302)
  }

  #redeem(form: URLSearchParams): Grant | undefined {
    const code = form.get('code')!
    const grant = this.#grants.get(code)
    this.#grants.delete(code)
    const verifier = form.get('code_verifier') ?? ''
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    if (challenge !== grant?.challenge) this.complaints.push('the verifier is wrong')
    if (form.get('redirect_uri') !== grant?.redirectUri) this.complaints.push('another redirect')
    return grant
  }

  async #token(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text())
    if (request.headers.get('authorization') !== `Basic ${btoa(`${CLIENT_ID}:between%20us`)}`)
      this.complaints.push('the client is not who it says')
    const grant = this.#redeem(form)
    if (!grant) return new Response('{"error":"invalid_grant"}', { status: 400 })
    const { privateKey } = await (this.signsWithOtherKey ? this.#otherKeys : this.#keys)
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: this.url, aud: CLIENT_ID, sub: 'sub-1', iat: now, exp: now + 60 }
    const token = await new SignJWT({ ...claims, nonce: grant.nonce, ...this.claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'a' })
      .sign(privateKey)
    return Response.json({ access_token: 'x', token_type: 'Bearer', id_token: token })
  }

  async #githubToken(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text())
    if (form.get('client_secret') !== SECRET) this.complaints.push('the client is not who it says')
    return this.#redeem(form)
      ? Response.json({ access_token: 'gh-token' })
      : Response.json({ error: 'bad_verification_code' })
  }
}

let provider: SmallProvider
let server: TestServer
let owner: DashboardUser

beforeAll(async () => {
  provider = new SmallProvider()
  server = await startTestServer(
    {
      'oidc-issuer': provider.url,
      'oidc-client-id': CLIENT_ID,
      'oidc-name': 'Example',
      'github-client-id': 'gh',
      'github-url': provider.url,
    },
    { LATCHKEY_OIDC_CLIENT_SECRET: SECRET, LATCHKEY_GITHUB_CLIENT_SECRET: SECRET },
  )
  owner = await DashboardUser.owner(server)
})
afterAll(async () => {
  expect(provider.complaints).toEqual([])
  await server.end()
  await provider.stop()
})

/** Goes to the provider and comes back, as a browser would. */
async function travel(visitor: DashboardUser, path: string) {
  const there = await visitor.get(path)
  const away = await fetch(there.headers.get('location')!, { redirect: 'manual' })
  const back = away.headers.get('location')!
  return { back, answer: await visitor.get(back.replace(/^.*?\/dashboard/, '')) }
}

describe.each([
  ['oidc', (subject: string) => (provider.claims = { sub: subject })],
  ['github', (subject: string) => (provider.user = { id: Number(subject), login: `u${subject}` })],
])('with %s', (id, become) => {
  test('nobody signs in whose subject is unknown, whatever their address', async () => {
    become('100')
    provider.claims['email'] = 'ann@example.com'
    const stranger = new DashboardUser(server)
    const { answer } = await travel(stranger, `/sign-in/${id}`)
    expect(answer.status).toBe(404)
    expect(answer.text).toContain('Nobody here signs in with that identity')
    expect(await stranger.isIn()).toBe(false)
  })

  test('a connected identity signs in until it is disconnected', async () => {
    become('200')
    const { answer } = await travel(owner, `/account/connect/${id}`)
    expect(answer.location).toBe('/account')
    const visitor = new DashboardUser(server)
    expect((await travel(visitor, `/sign-in/${id}?next=/apps`)).answer.location).toBe('/apps')
    expect(await visitor.isIn()).toBe(true)
    expect((await visitor.get('/account')).text).toContain('ann@example.com')
    const { text } = await owner.get('/account')
    const [, provided] = new RegExp(`name="provider" value="(${id}[^"]*)"`).exec(text)!
    await owner.post('/account/own/disconnect', { provider: provided!, subject: '200' })
    expect((await travel(new DashboardUser(server), `/sign-in/${id}`)).answer.status).toBe(404)
  })

  test('an identity belongs to one person', async () => {
    become('300')
    await travel(owner, `/account/connect/${id}`)
    const guest = await owner.invite('viewer', `guest-${id}@example.com`)
    await travel(guest, `/account/connect/${id}`)
    expect((await guest.get('/account')).text).toContain('belongs to somebody else')
  })

  test('an identity accepts an invitation once, and cannot take over an address', async () => {
    become('400')
    await owner.post('/account/people/invite', { role: 'member', note: 'x' })
    const token = tokenIn((await owner.get('/account')).text)
    if (id === 'oidc') {
      provider.claims['email'] = 'ann@example.com'
      const refused = await travel(new DashboardUser(server), `/invite/${id}?token=${token}`)
      expect(refused.answer.status).toBe(409)
      provider.claims['email'] = 'new@example.com'
    }
    const visitor = new DashboardUser(server)
    await travel(visitor, `/invite/${id}?token=${token}`)
    expect(await visitor.isIn()).toBe(true)
    become('401')
    const late = new DashboardUser(server)
    expect((await travel(late, `/invite/${id}?token=${token}`)).answer.status).toBe(410)
  })

  test('an identity claims an account, and cannot take over an address', async () => {
    become('500')
    const { out } = await latchkey(['accounts', 'reset', '--data', server.folder!])
    const token = tokenIn(out)
    if (id === 'oidc') {
      for (const email of ['ann@example.com', 'ANN@example.com']) {
        Object.assign(provider.claims, { email, email_verified: true })
        const refused = await travel(new DashboardUser(server), `/claim/${id}?token=${token}`)
        expect(refused.answer.status).toBe(409)
      }
      provider.claims['email'] = 'newest@example.com'
    }
    const visitor = new DashboardUser(server)
    await travel(visitor, `/claim/${id}?token=${token}`)
    expect((await visitor.get('/account')).text).toContain('owner of this server')
    expect(await owner.isIn()).toBe(true)
  })

  test('the return address works for one browser, one sign-in, and once', async () => {
    become('300')
    const visitor = new DashboardUser(server)
    const { back } = await travel(visitor, `/sign-in/${id}`)
    const path = back.replace(/^.*?\/dashboard/, '')
    await visitor.ready()
    await visitor.post('/sign-out', {})
    expect((await visitor.get(path)).status).toBe(401)
    const victim = new DashboardUser(server)
    await victim.get(`/sign-in/${id}`)
    expect((await victim.get(path)).status).toBe(401)
    expect((await new DashboardUser(server).get(path)).status).toBe(401)
    expect(await victim.isIn()).toBe(false)
  })

  test('a refusal at the provider is shown', async () => {
    const visitor = new DashboardUser(server)
    const there = await visitor.get(`/sign-in/${id}`)
    const state = new URL(there.headers.get('location')!).searchParams.get('state')
    const answer = await visitor.get(`/sign-in/${id}/back?error=access_denied&state=${state}`)
    expect(answer.status).toBe(401)
    expect(answer.text).toContain('did not let you in')
  })
})

describe('an id token', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const wrong: [what: string, claims: () => Record<string, unknown>][] = [
    ['for another client', () => ({ aud: 'another' })],
    ['given to another party', () => ({ azp: 'another' })],
    ['of another issuer', () => ({ iss: 'https://evil.example' })],
    ['for another sign-in', () => ({ nonce: 'another' })],
    ['without a nonce', () => ({ nonce: undefined })],
    ['that has expired', () => ({ exp: now() - 3600 })],
    ['about nobody', () => ({ sub: undefined })],
  ]

  test.each(wrong)('%s does not count', async (_, claims) => {
    provider.claims = { sub: '300', ...claims() }
    const visitor = new DashboardUser(server)
    expect((await travel(visitor, '/sign-in/oidc')).answer.status).toBe(502)
    expect(await visitor.isIn()).toBe(false)
  })

  test('signed by somebody else does not count', async () => {
    provider.claims = { sub: '300' }
    provider.signsWithOtherKey = true
    const visitor = new DashboardUser(server)
    expect((await travel(visitor, '/sign-in/oidc')).answer.status).toBe(502)
    provider.signsWithOtherKey = false
    expect((await travel(visitor, '/sign-in/oidc')).answer.status).toBe(303)
  })
})

test('a provider whose metadata names another issuer is not used', async () => {
  const impostor = new SmallProvider()
  impostor.describesItselfAs = provider.url
  const other = await startTestServer({ 'oidc-issuer': impostor.url, 'oidc-client-id': CLIENT_ID })
  try {
    expect((await new DashboardUser(other).get('/sign-in/oidc')).status).toBe(502)
    await impostor.stop()
    expect((await new DashboardUser(other).get('/sign-in/oidc')).status).toBe(502)
    expect((await new DashboardUser(other).get('/sign-in/github')).status).toBe(404)
  } finally {
    await other.end()
  }
})
