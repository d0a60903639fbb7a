/** One-time links: whom they let in, and that knowing an address gives no right over the person who has it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { latchkey } from '../support/server.ts'
import { type TimedServer, startTimedServer } from '../support/timed-server.ts'
import { PASSWORD, DashboardUser, tokenIn } from './dashboard-user.ts'

const ANOTHER = 'another long password'

let server: TimedServer
let ann: DashboardUser

beforeAll(async () => {
  server = await startTimedServer({})
  ann = await DashboardUser.owner(server)
  for (const name of ['team', 'rival']) {
    await latchkey(['accounts', 'add', name, '--data', server.folder])
    await claim(await link(name), `lead@${name}.example`)
  }
})
afterAll(() => server.end())

/** The secret of a new claim link; the server's own account has no name here. */
async function link(account?: string): Promise<string> {
  const named = account === undefined ? [] : [account]
  const { out } = await latchkey(['accounts', 'reset', ...named, '--data', server.folder])
  return tokenIn(out)
}

async function claim(token: string, email: string, password = PASSWORD) {
  const visitor = new DashboardUser(server)
  const { status, text } = await visitor.post('/claim', { token, email, password })
  return { visitor, status, text }
}

/** Advances the clock until attempts are permitted again. */
async function signedIn(email: string, password = PASSWORD): Promise<DashboardUser> {
  server.clock.advance(60_000)
  const visitor = new DashboardUser(server)
  await visitor.signIn(email, password)
  return visitor.ready()
}

/** Accepts an invitation as a person who is signed in. */
async function join(host: DashboardUser, guest: DashboardUser, role: string) {
  await host.post('/account/people/invite', { role, note: 'x' })
  return guest.post('/invite/join', { token: tokenIn((await host.get('/account')).text) })
}

describe('a claim link', () => {
  test('sets a password only for an owner of its account', async () => {
    const lead = await signedIn('lead@team.example')
    await lead.invite('member', 'member@team.example')
    await lead.invite('viewer', 'viewer@team.example')
    await ann.invite('member', 'helper@example.com')
    const victims = [
      'ann@example.com',
      ' Ann@Example.COM ',
      'helper@example.com',
      'lead@rival.example',
      'member@team.example',
      'viewer@team.example',
    ]
    const token = await link('team')
    for (const email of victims) {
      const { status, text, visitor } = await claim(token, email, ANOTHER)
      expect([email, status]).toEqual([email, 409])
      expect(text).toContain('omebody has that email address already')
      expect(await visitor.isIn()).toBe(false)
      expect(await (await signedIn(email.trim(), ANOTHER)).isIn()).toBe(false)
    }
    expect(await ann.isIn()).toBe(true)
    // None of these attempts used the link up.
    const { status, visitor } = await claim(token, 'second@team.example')
    expect(status).toBe(303)
    expect((await visitor.get('/account')).text).toContain('owner of team')
  })

  test('sets a new password for an owner and ends their sessions', async () => {
    const before = await signedIn('lead@rival.example')
    expect(await before.isIn()).toBe(true)
    const { status, visitor } = await claim(await link('rival'), 'LEAD@rival.example', ANOTHER)
    expect(status).toBe(303)
    expect(await visitor.isIn()).toBe(true)
    expect(await before.isIn()).toBe(false)
    expect(await (await signedIn('lead@rival.example', ANOTHER)).isIn()).toBe(true)
    expect(await (await signedIn('lead@rival.example')).isIn()).toBe(false)
  })

  test('of another account sets none for owners of the server', async () => {
    await latchkey(['accounts', 'add', 'shared', '--data', server.folder])
    const { visitor: host } = await claim(await link('shared'), 'host@shared.example')
    await host.ready()
    const viewer = await ann.invite('viewer', 'looks@example.com')
    for (const guest of [ann, viewer]) {
      expect((await join(host, guest, 'owner')).status).toBe(303)
      await guest.ready()
    }
    const token = await link('shared')
    for (const email of ['ann@example.com', 'looks@example.com'])
      expect((await claim(token, email, ANOTHER)).status).toBe(409)
    expect((await claim(await link(), 'ann@example.com', PASSWORD)).status).toBe(303)
    ann = await signedIn('ann@example.com')
  })

  test('makes a signed-in person an owner, with their present password', async () => {
    await latchkey(['accounts', 'add', 'lab', '--data', server.folder])
    const token = await link('lab')
    expect((await ann.get(`/claim?token=${token}`)).text).toContain('signed in as ann@example.com')
    expect((await ann.post('/claim/join', { token })).status).toBe(303)
    expect((await ann.get('/account')).text).toContain('owner of lab')
    expect((await ann.post('/claim/join', { token })).status).toBe(410)
    expect(await (await signedIn('ann@example.com')).isIn()).toBe(true)
    // An owner uses the link to set another password.
    const again = await ann.get(`/claim?token=${await link('lab')}`)
    expect(again.text).toContain('name="password"')
  })
})

describe('an invitation', () => {
  test('is accepted by a new person or a signed-in one', async () => {
    const lead = await signedIn('lead@team.example')
    for (const role of ['viewer', 'owner']) {
      await lead.post('/account/people/invite', { role, note: 'ann@example.com' })
      const token = tokenIn((await lead.get('/account')).text)
      for (const email of ['ann@example.com', 'lead@team.example', 'LEAD@rival.example']) {
        const guest = new DashboardUser(server)
        const fields = { token, email, password: ANOTHER }
        expect((await guest.post('/invite', fields)).status).toBe(409)
        expect(await guest.isIn()).toBe(false)
        expect(await (await signedIn(email, ANOTHER)).isIn()).toBe(email.startsWith('LEAD'))
      }
    }
  })

  test('is accepted by a viewer of another account', async () => {
    const viewer = await ann.invite('viewer', 'reader@example.com')
    const lead = await signedIn('lead@team.example')
    expect((await join(lead, viewer, 'member')).status).toBe(303)
    expect((await viewer.get('/account')).text).toContain('member of team')
  })

  test('does not lower an existing role', async () => {
    const lead = await signedIn('lead@team.example')
    expect((await join(lead, lead, 'viewer')).status).toBe(303)
    expect((await lead.get('/account')).text).toContain('owner of team')
  })
})
