/** Walks the table of `src/docs/gate.md`: each act, by each way in, against each rule that it says is asked there. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { DashboardUser } from '../dashboard/dashboard-user.ts'
import { readText } from '../docs/texts.ts'
import { ATTEMPTS, type Wish } from './ways.ts'
import { BURST, JOIN_KEY, MAX_BYTES, SEND_KEY, type World, makeWorld } from './world.ts'

const COLUMNS = ['App', 'TLS', 'Capability', 'Rule', 'Identity', 'Headers', 'Size', 'Rate'] as const

type Column = (typeof COLUMNS)[number]

interface Row {
  readonly act: string
  readonly way: string
  readonly asked: Readonly<Record<Column, boolean>>
}

function readRows(): Row[] {
  const text = readText('src/docs/gate.md').text
  const table = /<!-- acts -->\s+([^]*?)\s+<!-- \/acts -->/.exec(text)![1]!
  return table
    .split('\n')
    .slice(2)
    .map((line) => {
      const [act = '', way = '', ...cells] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
      const asked = Object.fromEntries(COLUMNS.map((name, i) => [name, cells[i] === 'yes']))
      return { act, way, asked: asked as Row['asked'] }
    })
}

const rows = readRows()
let world: World
let visitor: DashboardUser
let names = 0

beforeAll(async () => {
  world = await makeWorld()
  visitor = await DashboardUser.owner(world.server)
})
afterAll(() => world.end())

test('the table has every act that is tried here, and no other', () => {
  const listed = rows.map(({ act, way }) => `${act} ${way}`)
  expect(listed.toSorted()).toEqual(Object.keys(ATTEMPTS).toSorted())
})

/** Acts without a channel, to which no channel rule applies. */
const WHOLE_APP = { 'list channels': true, 'read statistics': true, 'administer push': true }
const COMMONS = new Set(['itty', 'push'])

/** The error code of a refusal, by its reason. */
function refusal(column: Column, { act, way }: Row): string {
  if (way === 'dashboard')
    return { App: 'the app is disabled', Size: 'more than the limit', Rate: 'too many messages' }[
      column as 'App'
    ]
  if (COMMONS.has(way)) return commonsRefusal(column, way, act)
  return {
    App: '40120',
    TLS: '40311',
    Capability: '40160',
    Rule: '40161',
    Identity: way === 'chat' ? '40161' : '40012',
    Headers: '40160',
    Size: '40009',
    Rate: '42913',
  }[column]
}

function commonsRefusal(column: Column, way: string, act: string): string {
  const isOver = way === 'push'
  switch (column) {
    case 'App':
    case 'Rule':
      return isOver ? 'channel_not_open' : '403'
    case 'TLS':
      return isOver ? 'tls_required' : '403'
    case 'Capability':
      return isOver ? 'push_refused' : act === 'join' ? '403' : 'send_key_required'
    case 'Size':
      return 'message_too_large'
    default:
      return 'channel_rate'
  }
}

/** A request that is refused for the reason of a column. */
function wrong(column: Column, { act, way }: Row): Partial<Wish> & { readonly in?: string } {
  switch (column) {
    case 'App':
      return { as: world.keys.off, in: 'off' }
    case 'TLS':
      return act in WHOLE_APP ? { as: world.keys.tls } : { in: 'tls' }
    case 'Capability':
      if (!COMMONS.has(way)) return { as: world.keys.narrow }
      return act === 'join'
        ? { in: 'locked', joinKey: 'x' }
        : { sendKey: way === 'push' ? 'x' : '' }
    case 'Rule':
      return { as: world.tokens.anonymous, in: 'named' }
    case 'Identity':
      // Rooms need a client id, which cannot be set for each message.
      if (way === 'chat') return { as: world.tokens.anonymous }
      return { as: world.tokens.ann, clientId: 'bob' }
    case 'Headers':
      return { as: world.keys.noHeaders, content: { extras: { privileged: { a: 1 } } } }
    case 'Size':
      return { content: { data: 'x'.repeat(MAX_BYTES + 1) } }
    case 'Rate':
      return {}
  }
}

/** A permitted request, changed as given. */
async function wishFor(
  { way }: Row,
  { in: rule = 'open', ...given }: ReturnType<typeof wrong> = {},
): Promise<Wish> {
  const channel = `${rule}:${names++}`
  const serial =
    rule === 'open' ? await messageOn(way === 'chat' ? `${channel}::$chat` : channel) : 's'
  return { as: world.keys.all, channel, sendKey: SEND_KEY, serial, clientId: 'ann', ...given }
}

/** Publishes a message that can be changed; its serial. */
async function messageOn(channel: string): Promise<string> {
  const response = await fetch(
    `${world.server.url}/channels/${encodeURIComponent(channel)}/messages`,
    {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(world.keys.all)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ data: { text: 'x' }, name: 'chat.message' }),
    },
  )
  return ((await response.json()) as { serials: string[] }).serials[0]!
}

async function attempt(row: Row, wish: Wish): Promise<string> {
  return ATTEMPTS[`${row.act} ${row.way}`]!(world, wish, visitor)
}

describe.each(rows.map((row) => [row.act, row.way, row] as const))(
  '%s by %s',
  (_act, _way, row) => {
    test('is permitted if nothing is against it', async () => {
      expect(await attempt(row, await wishFor(row))).toBe('ok')
    })

    const asked = COLUMNS.filter((column) => row.asked[column] && column !== 'Rate')
    test.each(asked)('is refused: %s', async (column) => {
      expect(await attempt(row, await wishFor(row, wrong(column, row)))).toBe(refusal(column, row))
    })

    if (!row.asked.Rate) return
    test('is refused above its rate', async () => {
      const wish = await wishFor(row)
      const said = new Set<string>()
      for (let i = 0; i < BURST * 4 && !said.has(refusal('Rate', row)); i++)
        said.add(await attempt(row, wish))
      expect([...said].toSorted()).toEqual([refusal('Rate', row), 'ok'].toSorted())
    })
  },
)

test('the rate of a channel counts every way in', async () => {
  const publishing = rows.filter(({ act }) => act === 'publish' || act === 'edit')
  const { channel } = await wishFor(rows[0]!)
  const serial = await messageOn(channel)
  const said: string[] = []
  for (let i = 0; i < 4; i++)
    for (const row of publishing.filter(({ way }) => way !== 'chat')) {
      const wish = { as: world.keys.all, channel, sendKey: SEND_KEY, serial, clientId: 'ann' }
      said.push(await attempt(row, wish))
    }
  // Meanwhile the rate refills by a message a second.
  expect(said.filter((code) => code === 'ok').length).toBeLessThan(BURST + 8)
  for (const row of publishing.filter(({ way }) => way !== 'chat'))
    expect(said).toContain(refusal('Rate', row))
})

test('a reservation admits with the right join key only', async () => {
  const row = rows.find(({ way, act }) => way === 'itty' && act === 'join')!
  const wish = { ...(await wishFor(row)), channel: 'locked:room' }
  expect(await attempt(row, wish)).toBe('403')
  expect(await attempt(row, { ...wish, joinKey: JOIN_KEY })).toBe('ok')
})
