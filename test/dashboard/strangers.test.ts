/** Names that strangers chose are shown as text and are safe to copy. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { Clients, known } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { freshChannel, reserve } from '../support/itty.ts'
import { type TestServer, latchkey, startTestServer } from '../support/server.ts'
import { PASSWORD, DashboardUser, tokenIn } from './dashboard-user.ts'

let server: TestServer
let owner: DashboardUser
let member: DashboardUser
const open: Client[] = []
const clients = new Clients(() => server)

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
  owner = await DashboardUser.owner(server)
  await latchkey(['accounts', 'add', 'team', '--data', server.folder])
  const reset = await latchkey(['accounts', 'reset', 'team', '--data', server.folder])
  member = new DashboardUser(server)
  const token = tokenIn(reset.out)
  await member.post('/claim', { token, email: 'tom@example.com', password: PASSWORD })
  await member.ready()
})
afterEach(() => {
  for (const client of open.splice(0)) client.close()
  clients.end()
})
afterAll(() => server.end())

async function join(path: string): Promise<Client> {
  const client = await Client.join(server.sockets + path)
  open.push(client)
  return client
}

describe('reserving a name', () => {
  test('on an open channel shows how many are there, and who only once it is reserved', async () => {
    const name = freshChannel()
    await join(`${name}/x?as=Margarete&announce=1`)
    await join(`${name}?as=Balthasar`)
    for (const visitor of [member, owner]) {
      const wish = { namespace: name, join: 'on' }
      for (const path of ['/reservations', '/reservations/preview']) {
        const { text } = await visitor.post(path, wish)
        expect(text).toContain('2 connections would be closed')
        for (const told of ['127.0.0.1', 'Margarete', 'Balthasar', `${name}/x`])
          expect([path, text.includes(told)]).toEqual([path, false])
      }
    }
    await member.post('/reservations', { namespace: name, confirmed: 'yes' })
    const { text } = await member.get('/reservations')
    const id = new RegExp(`/reservations/(\\w{12})[^>]*>${name}<`).exec(text)![1]!
    const asked = await member.post(`/reservations/${id}/keys`, { kind: 'join', act: 'generate' })
    for (const told of ['127.0.0.1', 'Margarete', 'Balthasar']) expect(asked.text).toContain(told)
  })

  test('below an own name shows who is there', async () => {
    const name = freshChannel()
    await member.post('/reservations', { namespace: name })
    await join(`${name}/x?as=Kunigunde`)
    const { text } = await member.post('/reservations', { namespace: `${name}/x`, join: 'on' })
    expect(text).toContain('Kunigunde')
  })
})

describe('on pages', () => {
  const NAME = 'gnp\u202Eexe.\u001B[2J\u200B<b>\u2066'
  const SHOWN = 'gnp\\u202eexe.\\u001b[2J\\u200b&lt;b&gt;\\u2066'
  /** Names that channels of apps and keys may have. */
  const QUIET = NAME.replace('\u001B', '')
  const path = encodeURIComponent(NAME)

  /** Text between tags, without fields. */
  const textsOf = (html: string) =>
    html.replaceAll(/<textarea[^]*?<\/textarea>/g, '').replaceAll(/<[^>]*>/g, '')

  test('invisible and direction-changing characters in names are shown', async () => {
    const key = await known(server, server.addKey({ name: QUIET }))
    await join(`${path}?as=${path}&announce=1`)
    const ably = await clients.connected({ key, clientId: QUIET })
    await ably.channels.get(QUIET).presence.enter(NAME)
    await ably.channels.get(QUIET).publish(QUIET, `${NAME}\nsecond line`)
    const app = key.split('.')[0]!
    const pages = [
      '/live',
      '/live/connections',
      `/live/channel?name=${path}`,
      `/live/channel?name=${encodeURIComponent(QUIET)}&app=${app}`,
      `/live/disconnect?channel=${path}`,
      `/apps/${app}`,
      `/who?channel=${path}`,
      '/audit',
      '/',
    ]
    let shown = 0
    for (const page of pages) {
      const { status, text } = await owner.get(page)
      expect([page, status]).toEqual([page, 200])
      expect([page, /[\p{Cc}\p{Cf}]/u.exec(textsOf(text).replaceAll(/[\n\t]/g, ''))]).toEqual([
        page,
        null,
      ])
      if (text.includes(SHOWN) || text.includes(SHOWN.replace('\\u001b', ''))) shown++
    }
    expect(shown).toBeGreaterThanOrEqual(6)
    // The title of a window is text as well.
    expect((await owner.get(`/live/channel?name=${path}`)).text).toContain(`<title>${SHOWN}`)
  })

  test('forms and links carry names unchanged', async () => {
    const client = await join(path)
    const { text } = await owner.get(`/live/disconnect?channel=${path}`)
    expect(text).toContain(`value="${NAME.replace('<b>', '&lt;b&gt;')}"`)
    await owner.post('/live/disconnect', { channel: NAME })
    expect(await client.closing()).toMatchObject({ reason: 'disconnected' })
  })
})

test('code to copy quotes names for the shell', async () => {
  const name = `it's $(touch x) \`y\` "z" & ${freshChannel()}`
  await reserve(server, name, { sendKey: 's' })
  const { text } = await owner.get('/')
  const code = /curl -X POST &#39;[^ ]*\/push\/[^]*?(?=<)/.exec(text)![0]
  const command = code.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&')
  const shell = Bun.spawnSync(['sh', '-c', `curl() { printf '%s\\n' "$@"; }; ${command}`])
  const [, , url] = shell.stdout.toString().split('\n')
  expect(decodeURIComponent(new URL(url!).pathname)).toBe(`/push/${name}/alerts`)
  await eventually(() => shell.exitCode === 0, 'the shell is done')
})
