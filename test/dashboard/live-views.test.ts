/** What open pages receive over the dashboard's socket, and who receives nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { Clients, known } from '../support/ably.ts'
import { Client, eventually, upgradeAnswer } from '../support/client.ts'
import { freshChannel, joinAll } from '../support/itty.ts'
import { type TestServer, latchkey, startTestServer } from '../support/server.ts'
import { PageReader, socketOf } from './page-reader.ts'
import { PASSWORD, DashboardUser, tokenIn } from './dashboard-user.ts'

let server: TestServer
let owner: DashboardUser
let key: string
let appId: string
const clients = new Clients(() => server)
const readers: PageReader[] = []

beforeAll(async () => {
  server = await startTestServer({
    'max-reservations': '0',
    // That does not apply to the server's own pages.
    'allowed-origins': 'https://good.test',
  })
  owner = await DashboardUser.owner(server)
  key = await known(server, server.addKey())
  appId = key.split('.')[0]!
})
afterEach(() => {
  for (const page of readers.splice(0)) page.close()
  clients.end()
})
afterAll(() => server.end())

async function reader(visitor = owner): Promise<PageReader> {
  const opened = await PageReader.open(server, visitor)
  readers.push(opened)
  return opened
}

const rest = (channel: string, body: object) =>
  fetch(`${server.url}/channels/${channel}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

describe('the log of a channel', () => {
  const log = async (query: Readonly<Record<string, string>>, visitor = owner) =>
    (await reader(visitor)).look('/live/log', query)

  test('of the commons shows messages, joins and leaves, unnoticed by members', async () => {
    const name = freshChannel()
    const [ann] = await joinAll(server.sockets + name, ['as=Ann'])
    const view = await log({ name })
    ann.sendJson({ text: 'hello' })
    await view.entry(({ who, body }) => who === 'Ann' && body === '{"text":"hello"}')
    const bo = await Client.join(`${server.sockets}${name}?as=Bo`)
    await view.entry(({ who, words }) => who === 'Bo' && words === 'came')
    // Two, and not three.
    await ann.next((frame) => frame['total'] === 2)
    bo.close()
    await view.entry(({ who, words }) => who === 'Bo' && words === 'left')
    expect(view.entries).toHaveLength(3)
    ann.close()
  })

  test('of an app shows messages and presence', async () => {
    const name = freshChannel()
    const view = await log({ name, app: appId })
    const client = await clients.connected({ key, clientId: 'kiosk' })
    const channel = client.channels.get(name)
    await channel.publish('order', { id: 1 })
    await channel.publish('scan', Buffer.from([1, 255]))
    await channel.publish('long', 'x'.repeat(5000))
    await channel.presence.enter('idle')
    await channel.presence.leave()
    await view.entry(({ words }) => words === 'left')
    expect(view.entries).toMatchObject([
      { who: 'kiosk', name: 'order', body: '{"id":1}', note: '' },
      { name: 'scan', body: '01ff', note: 'binary, 2 B' },
      { name: 'long', body: 'x'.repeat(4000), note: 'the beginning of 5 kB' },
      { who: 'kiosk', words: 'came', body: 'idle' },
      { who: 'kiosk', words: 'left' },
    ])
  })

  test('resumes, and marks where something may be missing', async () => {
    const name = freshChannel()
    const of = { name, app: appId }
    const page = await reader()
    const first = await page.look('/live/log', { ...of, since: 'beginning' })
    await rest(name, { data: 'one' })
    await first.entry(({ body }) => body === 'one')
    page.close()
    await rest(name, { data: 'two' })
    const second = await log({ ...of, since: first.position })
    await second.entry(({ body }) => body === 'two')
    expect(second.entries.map(({ body }) => body)).toEqual(['two'])
    expect(second.gaps).toBe(0)
    const lost = await log({ ...of, since: '00000000000001-000@x' })
    await eventually(() => lost.gaps === 1, 'it says that something may be missing')
    const quiet = await log({ name: freshChannel() })
    await eventually(() => quiet.position !== '', 'it says where it is, though nothing happened')
    const commons = await log({ name: freshChannel(), since: quiet.position })
    await eventually(() => commons.gaps === 1, 'the commons remember nothing')
  })

  test('shows no more than a screen and counts the rest', async () => {
    const name = freshChannel()
    const view = await log({ name, app: appId })
    const messages = Array.from({ length: 400 }, (_, index) => ({ data: String(index) }))
    await rest(name, messages)
    await eventually(() => view.entries.length + view.skipped === 400, 'all are accounted for')
    expect(view.entries.length).toBe(100)
  })

  test('works for any channel name', async () => {
    const name = `<b>"*"</b>:[?&#%]\\ ${'ü'.repeat(200)}`
    const view = await log({ name, app: appId })
    const client = await clients.connected({ key })
    await client.channels.get(name).publish('n', 'heard')
    await view.entry(({ body }) => body === 'heard')
  })
})

describe('a part of a page', () => {
  test('is sent at once, and again when it changes', async () => {
    const view = await (await reader()).look('/live/channels')
    await eventually(() => view.told.length === 1, 'it is told how it is')
    const name = freshChannel()
    const client = await Client.join(server.sockets + name)
    await view.says(name)
    const before = view.told.length
    client.close()
    await eventually(() => !view.told.at(-1)!.html!.includes(name), 'it is gone')
    expect(view.told.length).toBeGreaterThan(before)
  })

  test('is sent to later readers, too', async () => {
    const first = await reader()
    const name = `${first.session}:["/live/channel/people",{"name":"quiet"},"both"]`
    for (const page of [first, await reader()]) {
      const view = await page.join(name)
      await eventually(() => view.told.length > 0, 'it is told')
    }
  })

  test.each([
    ['/live/figures', 'Messages a second'],
    ['/live/channels', 'the-one'],
    ['/live/connections/list', 'the-one'],
    ['/live/refusals/list', 'evil.test'],
    ['/live/channel/people', 'Messages/s'],
    ['/live/channel/connections', 'Disconnect'],
  ])('%s', async (path, text) => {
    await upgradeAnswer(`${server.sockets}the-one`, { origin: 'https://evil.test' })
    const client = await Client.join(`${server.sockets}the-one`)
    const view = await (await reader()).look(path, { name: 'the-one' })
    await view.says(text)
    client.close()
  })

  test.each(['/account', '/live', '/live/nothing', '/live/disconnect', '//evil.example/live/log'])(
    'is not %s',
    async (path) => {
      const view = await (await reader()).look(path)
      await eventually(() => view.isOver, 'it is over at once')
    },
  )

  test('does not exist under an unknown name', async () => {
    const page = await reader()
    for (const view of ['x', '[]', '["/live/channels"]', '["/live/channels",{"text":1},"1"]', '{}'])
      await page.attach(`${page.session}:${view}`)
    const over = () => page.client.raw.filter((text) => text.includes('over')).length
    await eventually(() => over() === 5, 'all are over at once')
  })
})

describe('an onlooker', () => {
  test('is not counted or listed as a client', async () => {
    const name = freshChannel()
    const client = await clients.connected({ key })
    const occupancy = client.channels.get(name, { params: { occupancy: 'metrics.connections' } })
    await occupancy.attach()
    const page = await reader()
    const view = await page.look('/live/log', { name, app: appId })
    const figures = await page.look('/live/figures')
    // Once connections of other tests are closed.
    await figures.says('<dt>Connections</dt><dd>1</dd>')
    await occupancy.publish('n', 'x')
    await view.entry(({ body }) => body === 'x')
    const status = await fetch(`${server.url}/channels/${name}`, {
      headers: { authorization: `Basic ${btoa(key)}` },
    })
    expect(await status.json()).toMatchObject({
      status: { occupancy: { metrics: { connections: 1, subscribers: 1 } } },
    })
    const { text } = await owner.get('/live/connections')
    expect(text).not.toContain(page.session)
    const { text: statistics } = await owner.get('/statistics')
    expect(statistics).not.toContain('[pages]')
  })

  test('may not publish or read the past', async () => {
    const page = await reader()
    const channel = `${page.session}:x`
    const said = { action: 15, channel, msgSerial: 0, messages: [{ data: 'x' }] }
    page.client.sendJson(said)
    const answer = await page.client.next(({ action }) => action === 2)
    expect(answer).toMatchObject({ error: { code: 40160 } })
  })

  test('cannot become somebody else with a token', async () => {
    const page = await reader()
    const { token } = await clients.make({ key, autoConnect: false }).auth.requestToken()
    page.client.sendJson({ action: 17, auth: { accessToken: token } })
    expect(await page.expelled()).toBe(40102)
  })

  test('sees no other session, app or meta channel', async () => {
    const guest = await owner.invite('viewer', 'gus@example.com')
    const [mine, theirs] = [await reader(), await reader(guest)]
    for (const channel of [
      `${mine.session}:["/live/channels",{},"1"]`,
      'lobby',
      `[meta]channel.lifecycle`,
      '*',
    ])
      await expect(theirs.attach(channel)).rejects.toThrow('40160')
  })

  test('sees nothing after the session has ended', async () => {
    const guest = await owner.invite('viewer', 'eve@example.com')
    const page = await reader(guest)
    await page.look('/live/log', { name: freshChannel() })
    await guest.post('/sign-out', {})
    expect(await page.expelled()).toBe(40100)
    // It belongs to no app.
    expect((await owner.get('/live/refusals')).text).not.toContain('[pages]')
  })

  test('gets an error without a session', async () => {
    const stranger = new Client(socketOf(server), { headers: { origin: server.url } })
    await stranger.next(({ action }) => action === 9)
    expect(stranger.frames.some(({ action }) => action === 4)).toBe(false)
    await stranger.closing()
  })

  test('of another account sees only its own things', async () => {
    await latchkey(['accounts', 'add', 'team', '--data', server.folder])
    const reset = await latchkey(['accounts', 'reset', 'team', '--data', server.folder])
    const member = new DashboardUser(server)
    await member.post('/claim', {
      token: tokenIn(reset.out),
      email: 'tom@example.com',
      password: PASSWORD,
    })
    const name = freshChannel()
    const client = await Client.join(server.sockets + name)
    const page = await reader(member)
    for (const query of [{ name }, { name, app: appId }]) {
      const view = await page.look('/live/log', query)
      await eventually(() => view.isOver, 'the log is over at once')
    }
    const list = await page.look('/live/channels')
    await eventually(() => list.told.length > 0, 'the list is told')
    expect(list.told.at(-1)!.html).not.toContain(name)
    const people = await page.look('/live/channel/people', { name })
    const own = await page.look('/live/figures')
    await eventually(() => own.told.length > 0, 'figures are told')
    expect(people.told).toEqual([])
    client.close()
  })
})

describe('below a base path', () => {
  test('links in parts have the base path', async () => {
    const below = await startTestServer({ 'base-path': '/rt' })
    try {
      const visitor = new DashboardUser(below, '/rt')
      const claim = { email: 'ann@example.com', password: PASSWORD }
      await visitor.post('/claim', { token: tokenIn(below.claimLink!), ...claim })
      const home = { url: `${below.url}/rt` }
      const page = await PageReader.open(home, visitor, { origin: below.url })
      const view = await page.look('/live/channels')
      await view.says('href="/rt/dashboard"')
      page.close()
    } finally {
      await below.end()
    }
  })
})

describe('the socket', () => {
  const knock = (headers: Record<string, string>) =>
    upgradeAnswer(socketOf(server), { cookie: owner.cookie, ...headers })

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['an allowed origin, which is another', { origin: 'https://good.test' }],
    ['no origin', {}],
    ['an opaque origin', { origin: 'null' }],
    ['another port of this host', { origin: 'http://127.0.0.1:1' }],
  ])('does not open from %s, with the owner’s cookies', async (_, headers) => {
    expect((await knock(headers)).status).toBe(403)
  })

  test('is the only socket below the dashboard', async () => {
    const url = socketOf(server).replace('/live/socket', '/live')
    const { status } = await upgradeAnswer(url, { cookie: owner.cookie, origin: server.url })
    expect(status).toBe(404)
  })

  test('refuses an invalid version in the form of the protocol', async () => {
    const url = socketOf(server).replace('v=5', 'v=x')
    const headers = { cookie: owner.cookie, origin: server.url }
    const client = new Client(url, { headers })
    const frame = await client.next(({ action }) => action === 9)
    expect(frame).toMatchObject({ error: { code: 40017 } })
  })
})
