/** Rights of a person are checked again when a form has arrived, however long that took. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SlowRequest } from '../support/slow-request.ts'
import { type TestServer, startTestServer } from '../support/server.ts'
import { DashboardUser } from './dashboard-user.ts'

let server: TestServer
let owner: DashboardUser
beforeAll(async () => {
  server = await startTestServer()
  owner = await DashboardUser.owner(server)
})
afterAll(() => server.end())

async function begin(who: DashboardUser, path: string, fields: Record<string, string>) {
  const { text } = await who.get('/account')
  const form = /name="form" value="([^"]+)"/.exec(text)![1]!
  return SlowRequest.begin(server.url, `/dashboard${path}`, {
    headers: {
      cookie: who.cookie,
      origin: server.url,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ form, ...fields }).toString(),
  })
}

const newApp = (who: DashboardUser, name: string) => begin(who, '/apps', { name })
const appNames = async () => (await owner.get('/apps')).text

/** The id of a member, from the page of the account. */
async function idOf(email: string): Promise<string> {
  const { text } = await owner.get('/account')
  const from = text.indexOf(`${email}</`)
  return /\/account\/people\/([\w-]+)\//.exec(text.slice(from))![1]!
}

test('a form of a session that ended meanwhile changes nothing', async () => {
  const member = await owner.invite('member', 'over@example.com')
  const request = await newApp(member, 'of nobody')
  expect(request.head).toBe('')
  await member.post('/sign-out', {})
  expect(await request.finish()).toBe(401)
  expect(await appNames()).not.toContain('of nobody')
})

test('a form of a person who was removed meanwhile changes nothing', async () => {
  const member = await owner.invite('member', 'gone@example.com')
  const request = await newApp(member, 'of a former member')
  await owner.post(`/account/people/${await idOf('gone@example.com')}/remove`, {})
  expect(await request.finish()).toBe(401)
  expect(await appNames()).not.toContain('of a former member')
})

test('a form of a person whose role was lowered meanwhile changes nothing', async () => {
  const member = await owner.invite('member', 'lowered@example.com')
  const request = await newApp(member, 'of a viewer')
  await owner.post(`/account/people/${await idOf('lowered@example.com')}/role`, { role: 'viewer' })
  expect(await request.finish()).toBe(401)
  expect(await appNames()).not.toContain('of a viewer')
})

test('a form of a person who still has the right makes the change', async () => {
  const request = await newApp(owner, 'of the owner')
  expect(await request.finish()).toBe(303)
  expect(await appNames()).toContain('of the owner')
})

test('a form that is refused anyway is not waited for', async () => {
  const viewer = await owner.invite('viewer', 'viewer@example.com')
  expect(await (await newApp(viewer, 'never')).answer()).toBe(403)
  const stranger = await SlowRequest.begin(server.url, '/dashboard/apps', {
    headers: { origin: server.url, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'name=never',
  })
  expect(await stranger.answer()).toBe(401)
  expect(await appNames()).not.toContain('never')
})

test('a session that ends while the new password is hashed does not change it', async () => {
  const member = await owner.invite('member', 'hashing@example.com')
  const changing = member.post('/account/own/password', {
    present: 'correct horse battery',
    password: 'another horse battery',
  })
  await owner.post(`/account/people/${await idOf('hashing@example.com')}/remove`, {})
  expect((await changing).status).toBe(401)
})
