/** Backups from the dashboard: made, checked, taken away and put back, by owners of the server and nobody else. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startServer } from '../../src/server.ts'
import {
  type TestServer,
  latchkey,
  startTestServer,
  temporaryFolder,
  testConfig,
} from '../support/server.ts'
import { DashboardUser } from './dashboard-user.ts'

let server: TestServer
let owner: DashboardUser
let name: string

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
  owner = await DashboardUser.owner(server)
  await owner.post('/reservations', { namespace: 'acme', join: 'on' })
  await owner.post('/backups', { history: 'on' })
  name = /latchkey-\d{8}-\d{6}\.backup/.exec((await owner.get('/backups')).text)![0]
})
afterAll(() => server.end())

const folder = () => join(server.folder, 'backups')
const page = async () => (await owner.get('/backups')).text

async function download(path: string, visitor = owner): Promise<Response> {
  const cookie = Array.from(visitor.cookies, ([key, value]) => `${key}=${value}`).join('; ')
  return fetch(`${server.url}/dashboard${path}`, { headers: { cookie }, redirect: 'manual' })
}

describe('a backup', () => {
  test('is made and checked at once', async () => {
    const text = await page()
    expect(text).toContain('whole, and the key fits')
    expect(text).toContain('1 reservation')
    expect(text).toContain(`latchkey backup restore ${folder()}/${name}`)
  })

  test('is downloaded whole, and restores on another machine', async () => {
    const settings = await download(`/backups/${name}/file`)
    expect(settings.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`)
    const history = await download(`/backups/${name}/history`)
    const other = temporaryFolder()
    try {
      const file = join(other.path, name)
      writeFileSync(file, await settings.bytes())
      writeFileSync(`${file}.history`, await history.bytes())
      const data = join(other.path, 'data')
      mkdirSync(data)
      writeFileSync(join(data, 'master.key'), readFileSync(join(server.folder, 'master.key')))
      const restored = await latchkey(['backup', 'restore', file, '--data', data])
      expect(restored.err).toBe('')
      const listed = await latchkey(['reservations', 'list', '--data', data])
      expect(listed.out).toContain('acme')
    } finally {
      other.remove()
    }
  })

  test('that was damaged fails its check', async () => {
    const bytes = readFileSync(join(folder(), name))
    const broken = 'latchkey-20200101-000000.backup'
    writeFileSync(join(folder(), broken), bytes.fill(7, 4096, 12_288))
    expect(await page()).toContain('not since the server started')
    await owner.post(`/backups/${broken}/check`, {})
    const text = await page()
    expect(text).toContain('not usable')
    expect(text).toContain('is damaged')
  })

  test('is removed with its history', async () => {
    expect((await owner.get(`/backups/${name}/remove`)).text).toContain(name)
    await owner.post(`/backups/${name}/remove`, {})
    expect(existsSync(join(folder(), name))).toBe(false)
    expect(readdirSync(folder()).filter((file) => file.startsWith(name))).toEqual([])
    expect((await owner.get(`/backups/${name}/file`)).status).toBe(404)
    const { text } = await owner.get('/audit?kind=backup')
    for (const deed of ['Added', 'Downloaded', 'Removed'])
      expect(text).toContain(`${deed} the backup`)
  })

  test('may be made without history', async () => {
    await owner.post('/backups', {})
    const files = readdirSync(folder()).filter((file) => !file.startsWith('latchkey-2020'))
    expect(files).toHaveLength(1)
    expect(await page()).toContain('left out')
  })
})

describe('names from strangers', () => {
  const names = ['..%2flatchkey.db', '..%2f..%2fmaster.key', '%2e%2e', 'master.key', 'x.backup']

  test.each(names)('%s is no backup', async (strange) => {
    for (const part of ['file', 'history', 'remove'])
      expect((await download(`/backups/${strange}/${part}`)).status).toBe(404)
    expect((await owner.post(`/backups/${strange}/remove`, {})).status).toBe(404)
    expect(existsSync(join(server.folder, 'latchkey.db'))).toBe(true)
  })
})

test('only owners of the server see and make backups', async () => {
  const before = readdirSync(folder())
  for (const role of ['viewer', 'member']) {
    const guest = await owner.invite(role, `${role}@example.com`)
    expect((await guest.get('/live')).text).not.toContain('/backups')
    expect((await guest.get('/backups')).status).toBe(403)
    expect((await guest.post('/backups', {})).status).toBe(403)
    expect((await download(`/backups/${before[0]}/file`, guest)).status).toBe(403)
  }
  expect(readdirSync(folder())).toEqual(before)
})

test('a server in memory offers no backup', async () => {
  const fleeting = await startServer(testConfig({ 'in-memory': 'true' }))
  try {
    const visitor = await DashboardUser.owner(fleeting)
    expect((await visitor.get('/backups')).text).toContain('There is nothing to back up')
    await visitor.post('/backups', {})
    expect((await visitor.get('/backups')).text).toContain('Everything is in memory')
  } finally {
    await fleeting.stop()
  }
})
