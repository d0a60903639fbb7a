/** The people of an account: how they come in, what their role lets them do, how sessions end. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ok } from '../../src/failure.ts'
import { DECOY, PasswordHasher, passwordFault } from '../../src/identity/password.ts'
import { type TestServer, latchkey, startTestServer } from '../support/server.ts'
import { startTimedServer } from '../support/timed-server.ts'
import { PASSWORD, DashboardUser, tokenIn } from './dashboard-user.ts'

const DAY = 86_400_000

describe('roles', () => {
  let server: TestServer
  let owner: DashboardUser
  let member: DashboardUser
  let viewer: DashboardUser

  beforeAll(async () => {
    server = await startTestServer({ 'max-reservations': '0' })
    owner = await DashboardUser.owner(server)
    member = await owner.invite('member', 'mem@example.com')
    viewer = await owner.invite('viewer', 'vi@example.com')
    await owner.post('/reservations', { namespace: 'acme', send: 'on' })
  })
  afterAll(() => server.end())

  const idOf = async (email: string) => {
    const { text } = await owner.get('/account')
    return new RegExp(`Role of ${email}.*?people/(\\w+)/remove`, 's').exec(text)![1]!
  }

  test('a viewer sees everything but secrets and cannot change anything', async () => {
    const { text } = await viewer.get('/reservations')
    const path = /\/reservations\/\w{12}/.exec(text)![0]
    const key = /class="secret"><code>([^<]+)/
    expect((await owner.get(`${path}?keys=shown`)).text).toMatch(key)
    expect((await viewer.get(`${path}?keys=shown`)).text).not.toMatch(key)
    expect((await viewer.post('/reservations', { namespace: 'mine' })).status).toBe(403)
    expect((await viewer.post(`${path}/remove`, {})).status).toBe(403)
    expect((await viewer.get(`${path}/remove`)).status).toBe(403)
    expect((await viewer.get(path)).text).toMatch(/<fieldset[^>]* disabled/)
    expect((await viewer.post('/who', { channel: 'acme' })).status).toBe(200)
  })

  test('a member manages things but not people', async () => {
    expect((await member.post('/reservations', { namespace: 'members' })).status).toBe(303)
    const invitation = { role: 'owner', note: 'x' }
    expect((await member.post('/account/people/invite', invitation)).status).toBe(403)
    const id = await idOf('mem@example.com')
    const role = await member.post(`/account/people/${id}/role`, { role: 'owner' })
    expect(role.status).toBe(403)
  })

  test('a new role ends the sessions of the old one', async () => {
    const guest = await owner.invite('member', 'guest@example.com')
    const id = await idOf('guest@example.com')
    await owner.post(`/account/people/${id}/role`, { role: 'viewer' })
    expect(await guest.isIn()).toBe(false)
    await guest.signIn('guest@example.com')
    await guest.ready()
    expect((await guest.post('/reservations', { namespace: 'guests' })).status).toBe(403)
    await owner.post(`/account/people/${id}/remove`, {})
    expect(await guest.isIn()).toBe(false)
    expect((await guest.signIn('guest@example.com')).status).toBe(401)
  })

  test('the last owner cannot be demoted or removed', async () => {
    const id = await idOf('ann@example.com')
    await owner.post(`/account/people/${id}/role`, { role: 'viewer' })
    await owner.post(`/account/people/${id}/remove`, {})
    expect((await owner.get('/account')).text).toContain('owner of this server')
  })

  test('an invitation works once and can be withdrawn', async () => {
    await owner.post('/account/people/invite', { role: 'viewer', note: 'late@example.com' })
    const { text } = await owner.get('/account')
    const path = /\/account\/people\/invitations\/\w+\/withdraw/.exec(text)![0]
    await owner.post(path, {})
    const late = new DashboardUser(server)
    expect((await late.get(`/invite?token=${tokenIn(text)}`)).status).toBe(410)
  })

  test('a signed-in person joins with an invitation', async () => {
    await latchkey(['accounts', 'add', 'team', '--data', server.folder!])
    const reset = await latchkey(['accounts', 'reset', 'team', '--data', server.folder!])
    const lead = new DashboardUser(server)
    const fields = { email: 'lead@example.com', password: PASSWORD }
    await lead.post('/claim', { token: tokenIn(reset.out), ...fields })
    await lead.ready()
    expect((await lead.get('/apps')).text).toContain('No app yet')
    await lead.post('/account/people/invite', { role: 'member', note: 'mem' })
    const token = tokenIn((await lead.get('/account')).text)
    expect((await member.get(`/invite?token=${token}`)).text).toContain('mem@example.com')
    expect((await member.post('/invite/join', { token })).status).toBe(303)
    expect((await member.get('/account')).text).toContain('member of team')
  })
})

describe('passwords', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.end())

  test('are checked before a link is used up', async () => {
    const token = tokenIn(server.claimLink!)
    const visitor = new DashboardUser(server)
    for (const [email, password] of [
      ['ann@example.com', 'short'],
      ['ann@example.com', 'aaaaaaaaaaaa'],
      ['long.enough@example.com', 'long.enough@example.com'],
      ['no address', PASSWORD],
    ] as const) {
      expect((await visitor.post('/claim', { token, email, password })).status).toBe(400)
    }
    expect((await visitor.get(`/claim?token=${token}`)).status).toBe(200)
  })

  test('a new password ends all other sessions and needs the present one', async () => {
    const ann = await DashboardUser.owner(server)
    const elsewhere = new DashboardUser(server)
    await elsewhere.signIn('ann@example.com')
    const wrong = { present: 'not this one at all', password: 'another long password' }
    expect((await ann.post('/account/own/password', wrong)).status).toBe(400)
    expect(await elsewhere.isIn()).toBe(true)
    const before = [...ann.cookies.values()]
    const right = { present: PASSWORD, password: 'another long password' }
    expect((await ann.post('/account/own/password', right)).status).toBe(303)
    expect([...ann.cookies.values()]).not.toEqual(before)
    expect(await ann.isIn()).toBe(true)
    expect(await elsewhere.isIn()).toBe(false)
    expect((await elsewhere.signIn('ann@example.com', PASSWORD)).status).toBe(401)
  })

  test('a lost password is replaced from the command line', async () => {
    const { out } = await latchkey(['accounts', 'reset', '--data', server.folder!])
    expect(out).toContain(`${server.url}/dashboard/claim?token=`)
    const ann = new DashboardUser(server)
    const fields = { token: tokenIn(out), email: 'Ann@Example.com', password: 'a third password' }
    await ann.post('/claim', fields)
    expect(await ann.isIn()).toBe(true)
    expect((await ann.get('/account')).text.match(/Role of/g)).toHaveLength(1)
  })

  test('checking an unknown address costs as much as a known one', async () => {
    const made = await new PasswordHasher().hash(PASSWORD, 'a')
    const hash = made.ok ? made.value : ''
    const cost = (text: string) => text.split('$').slice(0, 4).join('$')
    expect(cost(DECOY)).toBe(cost(hash))
    expect(await new PasswordHasher().check(PASSWORD, hash, 'a')).toEqual(ok(true))
    expect(await new PasswordHasher().check('nobody', undefined, 'a')).toEqual(ok(false))
    expect(await new PasswordHasher().check('nobody', null, 'a')).toEqual(ok(false))
    expect(passwordFault('x'.repeat(2000), 'a@b')).toBeDefined()
  })
})

describe('with a clock that tests set', () => {
  test('sessions end a week after their last use, and 30 days after they began', async () => {
    const server = await startTimedServer({})
    try {
      const ann = await DashboardUser.owner(server)
      server.clock.advance(6 * DAY)
      expect(await ann.isIn()).toBe(true)
      server.clock.advance(7 * DAY + 1)
      expect(await ann.isIn()).toBe(false)
      await ann.signIn('ann@example.com')
      for (let day = 0; day < 29; day += 1) {
        server.clock.advance(DAY)
        expect(await ann.isIn()).toBe(true)
      }
      server.clock.advance(DAY + 1)
      expect(await ann.isIn()).toBe(false)
    } finally {
      await server.end()
    }
  })

  test('links expire: the claim after an hour, an invitation after a week', async () => {
    const server = await startTimedServer({})
    try {
      const stranger = new DashboardUser(server)
      const token = tokenIn(server.claimLink!)
      server.clock.advance(3_599_000)
      expect((await stranger.get(`/claim?token=${token}`)).status).toBe(200)
      const ann = await DashboardUser.owner(server)
      await ann.post('/account/people/invite', { role: 'member', note: 'x' })
      const invitation = tokenIn((await ann.get('/account')).text)
      server.clock.advance(7 * DAY - 1000)
      expect((await stranger.get(`/invite?token=${invitation}`)).status).toBe(200)
      server.clock.advance(2000)
      expect((await stranger.get(`/invite?token=${invitation}`)).status).toBe(410)
    } finally {
      await server.end()
    }
  })

  test('attempts are limited, and the answer does not tell who has an account', async () => {
    const server = await startTimedServer({})
    try {
      const ann = await DashboardUser.owner(server)
      const stranger = new DashboardUser(server)
      const words = async (email: string) => {
        const { status, text } = await stranger.signIn(email, 'a wrong password')
        return { status, text: text.replaceAll(email, '') }
      }
      expect(await words('ann@example.com')).toEqual(await words('bob@example.com'))
      const statuses: number[] = []
      for (let i = 0; i < 12; i++) statuses.push((await words('bob@example.com')).status)
      expect(statuses.filter((status) => status === 401).length).toBeLessThan(12)
      expect(statuses.at(-1)).toBe(429)
      // From the same address the right password does not help either.
      expect((await stranger.signIn('ann@example.com')).status).toBe(429)
      expect(await ann.isIn()).toBe(true)
      server.clock.advance(60_000)
      expect((await stranger.signIn('ann@example.com')).status).toBe(303)
    } finally {
      await server.end()
    }
  })
})
