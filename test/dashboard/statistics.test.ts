/** The page of statistics without a browser: whose numbers it shows, and to whom it tells how the server is doing. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { COMMONS_STATS } from '../../src/service/stats/stats.ts'
import { openServices } from '../../src/service/services.ts'
import { systemClock } from '../../src/core/clock.ts'
import { type TestServer, latchkey, startTestServer } from '../support/server.ts'
import { PASSWORD, DashboardUser, tokenIn } from './dashboard-user.ts'

let server: TestServer
let owner: DashboardUser
let other: DashboardUser
const ids: Record<string, string> = {}

beforeAll(async () => {
  server = await startTestServer()
  owner = await DashboardUser.owner(server)
  const data = ['--data', server.folder]
  await latchkey(['accounts', 'add', 'team', ...data])
  const { out } = await latchkey(['accounts', 'reset', 'team', ...data])
  other = new DashboardUser(server)
  await other.post('/claim', { token: tokenIn(out), email: 'tom@example.com', password: PASSWORD })
  makeUp()
})
afterAll(() => server.end())

/** Messages of this minute: 1001 of the default app, 20,002 of one of the team, 300,003 of the commons. */
function makeUp(): void {
  const { accounts, apps, stats, close } = openServices(server.config, systemClock, false)
  const team = accounts.find('team')
  const made = team.ok ? apps.add(team.value, { name: 'teams' }) : team
  const found = apps.find(undefined)
  if (!made.ok || !found.ok) throw new Error('there are no apps')
  ids['own'] = found.value.id
  ids['teams'] = made.value.id
  const start = Math.floor(Date.now() / 60_000) * 60_000
  const wanted = [
    [found.value.id, 1001],
    [made.value.id, 20_002],
    [COMMONS_STATS, 300_003],
  ] as const
  for (const [id, messages] of wanted) {
    const numbers = { 'messages.inbound.realtime.messages.count': messages }
    stats.addFixtures(id, [{ start, numbers }])
  }
  close()
}

const received = async (visitor: DashboardUser, query = '') => {
  const { text } = await visitor.get(`/statistics${query}`)
  return /Received <strong data-value="(?:true)?">([^<]+)/.exec(text)?.[1]
}

describe('of the server’s owner', () => {
  test('cover everything, one app, or the commons', async () => {
    expect(await received(owner)).toBe('321,006')
    expect(await received(owner, `?of=${ids['own']}`)).toBe('1,001')
    expect(await received(owner, `?of=${ids['teams']}`)).toBe('20,002')
    expect(await received(owner, '?of=commons')).toBe('300,003')
  })

  test('cover an hour, a day, a month or a year', async () => {
    const rows = async (span: string) =>
      (await owner.get(`/statistics?span=${span}`)).text.split('<th scope="row">').length - 1
    expect(await received(owner, '?span=year')).toBe('321,006')
    expect([await rows('hour'), await rows('day'), await rows('month')]).toEqual([
      60 * 7,
      24 * 7,
      31 * 7,
    ])
    expect(await rows('toString')).toBe(60 * 7)
  })

  test('come with the health of the server', async () => {
    const { text } = await owner.get('/statistics')
    for (const words of ['Memory', 'Delay of the event loop', 'Free on the disk', 'Latchkey 0.'])
      expect(text).toContain(words)
    expect(text).toContain(server.folder)
  })
})

describe('of another account', () => {
  test('cover its own apps only', async () => {
    for (const query of ['', '?of=commons', `?of=${ids['own']}`, '?of='])
      expect(await received(other, query)).toBe('20,002')
  })

  test('show nothing of the server', async () => {
    const { text } = await other.get('/statistics')
    expect(text).not.toContain(server.folder)
    expect(text).not.toContain('Memory')
    expect(text).not.toContain('commons')
  })
})
