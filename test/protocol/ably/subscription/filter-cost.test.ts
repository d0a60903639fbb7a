/** The cost of filters for one message, and their limit on a channel. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { KeptMessage } from '../../../../src/core/types.ts'
import { type MessageFilter, compileFilter } from '../../../../src/policy/message-filter.ts'
import {
  MAX_FILTER_UNITS,
  MAX_GROUPS,
} from '../../../../src/protocol/ably/subscription/subscription-limit.ts'
import {
  Filtering,
  STEPS_PER_LETTER,
  STEPS_PER_MESSAGE,
  takeFilteringCost,
  filtered,
} from '../../../../src/protocol/ably/subscription/filtering.ts'
import { ACTION, FrameClient } from '../../../support/ably.ts'
import { AblyApp } from '../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

function compiled(expression: string): MessageFilter {
  const result = compileFilter(Buffer.from(expression).toString('base64'))
  if (!result.ok) throw new Error(result.failure.message)
  return result.value
}

const message = (value: unknown, headers: unknown = {}) =>
  ({
    data: JSON.stringify(value),
    encoding: 'json',
    extras: JSON.stringify({ headers }),
  }) as unknown as KeptMessage

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('for one publication', () => {
  test.each([
    ['a list', numbers(30_000), (i: number) => `data[?@ < \`${-i}\`]`],
    ['objects', numbers(3000).map((n) => ({ n })), (i: number) => `data[*].n | [?@ < \`${-i}\`]`],
    ['a text', 'x'.repeat(60_000), (i: number) => `length(data) == \`${i}\``],
    [
      'names',
      Object.fromEntries(numbers(5000).map((n) => [n, n])),
      (i: number) => `contains(keys(data), '-${i}')`,
    ],
    [
      'lists in lists',
      numbers(200).map(() => numbers(100)),
      (i: number) => `data[][?@ < \`${-i}\`]`,
    ],
  ])('of %s, 900 filters take no more steps than its bytes permit', (_, value, of) => {
    const publication = new Filtering([message(value)])
    const budget = publication.stepsLeft
    expect(budget).toBeLessThan(
      STEPS_PER_MESSAGE + STEPS_PER_LETTER * (JSON.stringify(value).length + 100),
    )
    const passed = numbers(900).map((i) => publication.of(compiled(of(i))).length)
    expect(publication.stepsLeft).toBeGreaterThanOrEqual(0)
    // The first filters were evaluated, and other readers get the message.
    expect(passed[0]).toBe(0)
    expect(passed.at(-1)).toBe(1)
  })

  test('evaluates as many filters as a channel may have for small messages', () => {
    const count = Math.floor(MAX_FILTER_UNITS / compiled("headers.user == 'u1'").cost.units)
    const publication = new Filtering(numbers(50).map((i) => message(i, { user: `u${i}` })))
    const passed = numbers(count).map(
      (i) => publication.of(compiled(`headers.user == 'u${i}'`)).length,
    )
    expect(count).toBeGreaterThan(1500)
    expect(passed).toEqual(numbers(count).map((i) => (i < 50 ? 1 : 0)))
  })

  test('does not parse data for filters on headers', () => {
    const publication = new Filtering([message(numbers(30_000), { to: ['ann', 'bob'] })])
    const passed = numbers(400).map(
      (i) => publication.of(compiled(`contains(headers.to, 'c${i}')`)).length,
    )
    expect(passed.every((count) => count === 0)).toBe(true)
  })

  test('reports its cost to the scheduler of turns', () => {
    const messages = [message(numbers(1000))]
    takeFilteringCost()
    filtered(messages, compiled('data[?@ < `0`]'))
    expect(takeFilteringCost()).toBeGreaterThan(24 * 1000)
    filtered(messages, compiled('data[?@ < `0`]'))
    expect(takeFilteringCost()).toBe(0)
    filtered(messages, compiled("name == 'x'"))
    expect(takeFilteringCost()).toBeLessThan(24 * 10)
  })

  test('evaluates equal filters once', () => {
    const publication = new Filtering([message(numbers(1000))])
    const filter = () => compiled('data[?@ == `1`]')
    const first = publication.of(filter())
    const { stepsLeft } = publication
    expect(publication.of(filter())).toBe(first)
    expect(publication.stepsLeft).toBe(stepsLeft)
  })
})

describe('a channel', () => {
  let server: TestServer
  let app: AblyApp
  beforeAll(async () => {
    server = await startTestServer({ sandbox: 'true' })
    app = await AblyApp.make(server.url, [{ '[*]*': ['*'] }])
  })
  afterAll(() => server.end())

  /** As costly as they may be. */
  const filters = numbers(MAX_FILTER_UNITS / 256 + 1).map(
    (i) =>
      `name == 'n${i}' || ${numbers(50)
        .map((j) => `headers.h${j}`)
        .join(' || ')}`,
  )
  const units = compiled(filters[0]!).cost.units
  const room = Math.floor(MAX_FILTER_UNITS / units)
  const derived = (i: number) =>
    `[filter=${btoa(filters[i % filters.length]! + ' '.repeat(Math.floor(i / filters.length)))}]full`

  test('has a bounded number of different filters', async () => {
    const [ann, bob] = await Promise.all([connected(), connected()])
    for (let i = 0; i < room; i++) await (i % 2 ? ann : bob).attach(derived(i))
    ann.send({ action: ACTION.ATTACH, channel: derived(room) })
    expect(await ann.next(ACTION.ERROR)).toMatchObject({
      channel: derived(room),
      error: { code: 40003, statusCode: 400, message: expect.stringContaining('no room') },
    })
    await bob.attach(derived(1))
    const stream = `/sse?v=2&key=${app.keys[0]}&channels=${encodeURIComponent(derived(room))}`
    const refused = await fetch(`${server.url}${stream}`)
    expect(await refused.json()).toMatchObject({ error: { code: 40003 } })
    await ann.attach(`[filter=${btoa(filters[0]!)}]other`)
    bob.send({ action: ACTION.DETACH, channel: derived(0) })
    await bob.next(ACTION.DETACHED)
    await ann.attach(derived(room))
  })

  test('has a bounded number of qualified names, and repeated ones are free', async () => {
    const name = (i: number) => `[?way=${i}]many`
    const clients = await Promise.all(numbers(3).map(connected))
    for (let i = 0; i < MAX_GROUPS; i++) await clients[Math.floor(i / 900)]!.attach(name(i))
    const [first, , last] = clients
    last!.send({ action: ACTION.ATTACH, channel: name(MAX_GROUPS) })
    expect(await last!.next(ACTION.ERROR)).toMatchObject({ error: { code: 40003 } })
    await last!.attach(name(0))
    first!.send({ action: ACTION.DETACH, channel: name(1) })
    await first!.next(ACTION.DETACHED)
    await last!.attach(name(MAX_GROUPS))
    await last!.attach('many')
  })

  function connected() {
    return FrameClient.connected(app, `key=${app.keys[0]}&v=6`)
  }
})
