/** Ids of publishers: each counts once for its publisher, without effect on others (RSL1k). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { World } from './world.ts'
import { makeWorld } from './world.ts'
import { ATTEMPTS } from './ways.ts'
import type { DashboardUser } from '../dashboard/dashboard-user.ts'

let world: World
let names = 0
const tokens: Record<string, string> = {}

beforeAll(async () => {
  world = await makeWorld()
  for (const clientId of ['ann', 'bob']) tokens[clientId] = await tokenFor(clientId)
})
afterAll(() => world.end())

async function tokenFor(clientId: string): Promise<string> {
  const key = world.keys.all
  const [name] = key.split(':')
  const answer = await fetch(`${world.server.url}/keys/${name}/requestToken`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ keyName: name, timestamp: Date.now(), clientId }),
  })
  return ((await answer.json()) as { token: string }).token
}

interface Kept {
  readonly id: string
  readonly data: unknown
}

async function read(path: string): Promise<Kept[]> {
  const headers = { authorization: `Basic ${btoa(world.keys.all)}`, 'x-ably-version': '6' }
  const answer = await fetch(world.server.url + path, { headers })
  return (await answer.json()) as Kept[]
}

const nobody = undefined as unknown as DashboardUser

describe.each(['rest', 'realtime', 'batch', 'comet'])('by %s', (way) => {
  const publish = (channel: string, as: string, id: string, data: string) =>
    ATTEMPTS[`publish ${way}`]!(world, { as, channel, serial: '', content: { id, data } }, nobody)

  const dataOn = async (channel: string) =>
    (await read(`/channels/${channel}/messages`)).map(({ data }) => data).toReversed()

  test.each<[string, () => readonly [first: string, second: string], number]>([
    ['of two clients', () => [tokens['ann']!, tokens['bob']!], 2],
    ['of a client and of nobody', () => [tokens['ann']!, world.tokens.anonymous], 2],
    ['of two keys', () => [world.keys.all, world.keys.noHeaders], 2],
    ['of one client twice', () => [tokens['ann']!, tokens['ann']!], 1],
    ['of one key twice', () => [world.keys.all, world.keys.all], 1],
    [
      'of a key, and a token of it without a client',
      () => [world.keys.all, world.tokens.anonymous],
      1,
    ],
  ])('the same id %s', async (_, of, expected) => {
    const channel = `open:ids-${names++}`
    const [first, second] = of()
    expect(await publish(channel, first, 'order-42:0', 'one')).toBe('ok')
    expect(await publish(channel, second, 'order-42:0', 'two')).toBe('ok')
    expect(await dataOn(channel)).toEqual(['one', 'two'].slice(0, expected))
  })

  test('no pair of client id and id is mistaken for another', async () => {
    const channel = `open:ids-${names++}`
    const odd = await tokenFor('ann"x')
    expect(await publish(channel, odd, 'b', 'one')).toBe('ok')
    expect(await publish(channel, tokens['ann']!, '"x\nb', 'two')).toBe('ok')
    expect(await publish(channel, tokens['ann']!, '"ann"\nb', 'three')).toBe('ok')
    expect(await dataOn(channel)).toEqual(['one', 'two', 'three'])
  })
})

describe.each(['rest', 'realtime'])('annotations by %s', (way) => {
  test('the same id of two clients counts twice', async () => {
    const channel = `open:ids-${names++}`
    const sent = await fetch(`${world.server.url}/channels/${channel}/messages`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(world.keys.all)}`,
        'content-type': 'application/json',
      },
      body: '{"data":"x"}',
    })
    const serial = ((await sent.json()) as { serials: string[] }).serials[0]!
    for (const as of [tokens['ann']!, tokens['bob']!, tokens['ann']!]) {
      const wish = { as, channel, serial, content: { id: 'like-1' } }
      expect(await ATTEMPTS[`annotate ${way}`]!(world, wish, nobody)).toBe('ok')
    }
    expect(await read(`/channels/${channel}/messages/${serial}/annotations`)).toHaveLength(2)
  })
})
