/** Where the documentation of access leaves gaps, and the whole order of decisions (AC-24 to AC-31, AC-34). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, upgradeAnswer } from '../../support/client.ts'
import {
  IttyClient,
  type Options,
  type Standing,
  freshChannel,
  joinAll,
  metric,
  reserve,
  reserveAll,
  standing,
  statusOf,
} from '../../support/itty.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
  base = server.sockets
  await reserveAll(server, {
    none: {},
    join: { joinKey: 'j' },
    send: { sendKey: 's' },
    both: { joinKey: 'j', sendKey: 's' },
    'join:child': {},
  })
})
afterAll(() => server.end())

describe('keys', () => {
  test('AC-24 trying to set keys under a reservation is refused with 403', async () => {
    const answer = await upgradeAnswer(`${base}none:x?joinKey=mine`)
    expect(answer).toMatchObject({ status: 403, text: 'keys cannot be set on this channel\n' })
    expect(await standing(`${base}none:x`)).toBe('speak')
  })

  test('AC-25 a kind of key that the reservation lacks is refused; a wrong send key counts as none', async () => {
    expect(await standing(`${base}join`, { joinKey: 'j', sendKey: 'any' })).toBe('no')
    expect(await standing(`${base}send`, { joinKey: 'any', sendKey: 's' })).toBe('no')
    expect(await standing(`${base}send`, { sendKey: 'wrong' })).toBe('listen')
    const url = base + freshChannel()
    await IttyClient.join(url, { sendKey: 's' })
    expect(await standing(url, { sendKey: 'wrong' })).toBe('listen')
  })

  test('AC-26 the keys are independent, and a first joiner that sets a send key may send', async () => {
    const [speaking, joining] = [base + freshChannel(), base + freshChannel()]
    const speaker = await IttyClient.join(speaking, { sendKey: 's', echo: true })
    speaker.socket.send('I may')
    await speaker.message('I may')
    expect(await standing(speaking)).toBe('listen')
    await IttyClient.join(joining, { joinKey: 'j' })
    expect(await standing(joining, { joinKey: 'j' })).toBe('speak')
  })

  test('AC-27 keys that a later joiner brings to an open channel are ignored', async () => {
    const url = base + freshChannel()
    await IttyClient.join(url)
    await IttyClient.join(url, { joinKey: 'late', sendKey: 'late' })
    expect(await standing(url)).toBe('speak')
  })

  test('AC-27 --strict-keys refuses them instead', async () => {
    const strict = await startTestServer({ 'strict-keys': 'true' })
    const url = `${strict.sockets}x`
    await IttyClient.join(url)
    expect(await standing(url, { joinKey: 'late' })).toBe('no')
    expect(await standing(url, { sendKey: 'late' })).toBe('no')
    expect(await standing(url)).toBe('speak')
    // The first on a channel may still set them.
    await IttyClient.join(`${strict.sockets}y`, { joinKey: 'first' })
    expect(await standing(`${strict.sockets}y`, { joinKey: 'first' })).toBe('speak')
    await strict.end()
  })

  test('AC-28 of many first joiners at once, one sets the key for all', async () => {
    const url = base + freshChannel()
    const rivals = Array.from({ length: 30 }, (_, i) => new Client(`${url}?joinKey=k${i % 10}`))
    const joined = await Promise.all(rivals.map(isIn))
    const winners = new Set(joined.flatMap((isMember, i) => (isMember ? [i % 10] : [])))
    expect(winners.size).toBe(1)
    expect(joined.filter((isMember) => isMember)).toHaveLength(3)
    for (const client of rivals) client.close()
  })

  test('AC-29 each send without the key costs one error and reaches nobody, direct ones too', async () => {
    const [speaker, listener] = await joinAll(base + freshChannel(), ['sendKey=s', 'echo=true'])
    listener.sendJson('to all')
    listener.sendDirect(speaker.uid, 'to you')
    listener.sendDirect(listener.uid, 'to me')
    listener.send('nonsense')
    speaker.sendJson('after')
    await listener.message('after')
    await listener.until(() => (listener.frames.length >= 6 ? true : undefined))
    const errors = listener.raw.filter((raw) => raw.includes('"error"'))
    expect(errors.map((raw) => raw.replace(/\d{13}/, '0'))).toEqual(
      Array.from(
        { length: 4 },
        () => '{"type":"error","message":"send key required","code":"send_key_required","date":0}',
      ),
    )
    expect(speaker.frames.filter((frame) => 'message' in frame)).toEqual([])
    expect(listener.closed).toBeUndefined()
  })

  test('AC-30 a more specific reservation replaces its parent as a whole, keys included', async () => {
    expect(await standing(`${base}join:child:x`)).toBe('speak')
    expect(await standing(`${base}join:child:x`, { joinKey: 'j' })).toBe('no')
    expect(await standing(`${base}join:other`)).toBe('no')
  })

  test('AC-31 keys are compared exactly', async () => {
    const url = base + freshChannel()
    const key = 'Schlüssel +/?&='
    await IttyClient.join(url, { joinKey: key })
    const wrong = [key.toLowerCase(), `${key} `, ` ${key}`, key.slice(0, -1), key.normalize('NFD')]
    for (const joinKey of wrong) expect(await standing(url, { joinKey })).toBe('no')
    expect(await standing(url, { joinKey: key })).toBe('speak')
  })

  test('AC-31 keys appear in no event', async () => {
    const [first, second] = await joinAll(base + freshChannel(), [
      'joinKey=hush1&sendKey=hush2&announce=true&list=true',
      'joinKey=hush1&sendKey=hush3&announce=true&list=true',
    ])
    second.sendJson('x')
    await second.error()
    second.close()
    await first.next((frame) => frame['type'] === 'leave')
    expect([...first.raw, ...second.raw].join()).not.toContain('hush')
  })
})

/** Every pair of keys somebody can present, in the order of the columns below. */
const presented: readonly Options[] = [
  {},
  { sendKey: 's' },
  { sendKey: 'wrong' },
  { joinKey: 'j' },
  { joinKey: 'j', sendKey: 's' },
  { joinKey: 'j', sendKey: 'wrong' },
  { joinKey: 'wrong' },
  { joinKey: 'wrong', sendKey: 's' },
  { joinKey: 'wrong', sendKey: 'wrong' },
]

const [n, l, s]: Standing[] = ['no', 'listen', 'speak']

/** Columns: no join key, the right one, a wrong one; within each no send key, the right one, a wrong one. */
const reserved = {
  none: [s, n, n, n, n, n, n, n, n],
  join: [n, n, n, s, n, n, n, n, n],
  send: [l, s, l, n, n, n, n, n, n],
  both: [n, n, n, l, s, l, n, n, n],
}
const ephemeral = {
  '': [s, s, s, s, s, s, s, s, s],
  'joinKey=j': [n, n, n, s, s, s, n, n, n],
  'sendKey=s': [l, s, l, l, s, l, l, s, l],
  'joinKey=j&sendKey=s': [n, n, n, l, s, l, n, n, n],
}

describe('AC-34 the order of decisions', () => {
  test.each(Object.entries(reserved))('AC-34 reserved with keys: %s', async (name, expected) => {
    const url = `${base}${name}:${freshChannel()}`
    const found = await Promise.all(presented.map((options) => standing(url, options)))
    expect(found).toEqual(expected as Standing[])
  })

  test.each(Object.entries(ephemeral))(
    'AC-34 not reserved, keys of the first joiner: %j',
    async (query, expected) => {
      const url = base + freshChannel()
      const first = await Client.join(`${url}?${query}`)
      const found = await Promise.all(presented.map((options) => standing(url, options)))
      expect(found).toEqual(expected as Standing[])
      first.close()
    },
  )

  test.each([...presented.entries()])(
    'AC-34 not reserved, a new channel, case %p: its creator may send',
    async (_case, options) => {
      expect(await standing(base + freshChannel(), options)).toBe('speak')
    },
  )

  test('AC-34 rates come before the name, the name before keys', async () => {
    const limited = await startTestServer({ 'connection-rate': '1', 'connection-burst': '3' })
    limited.reserve('locked', { joinKey: 'k' })
    expect(await statusOf(`${limited.sockets}%zz?joinKey=x`)).toBe(400)
    expect(await statusOf(`${limited.sockets}${'x'.repeat(300)}`)).toBe(414)
    await statusOf(`${limited.sockets}a`)
    const statuses = await Promise.all(
      Array.from({ length: 20 }, () => statusOf(`${limited.sockets}%zz`)),
    )
    expect(statuses).toContain(429)
    await limited.end()
  })

  test('AC-34 a refused upgrade leaves no channel and no member behind', async () => {
    const own = await startTestServer()
    await reserve(own, 'locked', { joinKey: 'k' })
    expect(await statusOf(`${own.sockets}locked:x`)).toBe(403)
    expect(await metric(own, 'latchkey_channels')).toBe(0)
    expect(await metric(own, 'latchkey_joins_total')).toBe(0)
    expect(await metric(own, 'latchkey_refusals_total{reason="join_refused"}')).toBe(1)
    await own.end()
  })
})

/** Whether a client becomes a member; it may be told no before its socket is open, or after. */
async function isIn(client: Client): Promise<boolean> {
  const isOpen = await client.opened.then(
    () => true,
    () => false,
  )
  if (!isOpen) return false
  const first = await client.until(() => client.frames[0])
  if (first['type'] === 'join') return true
  expect(first).toMatchObject({ type: 'error', code: 'join_refused' })
  await client.until(() => client.closed)
  return false
}
