/** The recent events of a channel: pages of them, and those that a later event makes superfluous. */
import { expect, test } from 'bun:test'
import { RecentEvents } from '../../../src/core/channel/recent-events.ts'
import type { KeptMessage, Publication } from '../../../src/core/types.ts'

const positionOf = (n: number) => `${String(n).padStart(14, '0')}-000@site`

function event(n: number, action: KeptMessage['action'], serial = 'm1'): Publication {
  const message: KeptMessage = {
    id: `${n}:0`,
    name: undefined,
    data: `${n}`,
    encoding: undefined,
    clientId: undefined,
    connectionId: undefined,
    extras: undefined,
    timestamp: n,
    serial,
    action,
    version: { serial: positionOf(n), timestamp: n },
    summary: undefined,
  }
  const publication: Publication = {
    kind: 'publication',
    position: positionOf(n),
    id: String(n),
    connectionId: undefined,
    timestamp: n,
    messages: [message],
  }
  return action === 'append' ? { ...publication, whole: [message] } : publication
}

test('a page begins after a position and has a bounded length', () => {
  const recent = new RecentEvents(positionOf(0), 100)
  for (let n = 1; n <= 10; n++) recent.add(event(n, 'create', `m${n}`))
  const page = (n: number, count: number) =>
    recent.page(positionOf(n), count)?.map(({ timestamp }) => timestamp)
  expect(page(3, 4)).toEqual([4, 5, 6, 7])
  expect(page(8, 4)).toEqual([9, 10])
  expect(page(10, 4)).toEqual([])
  expect(page(11, 4)).toBeUndefined()
  recent.forgetOldest()
  expect(page(0, 4)).toBeUndefined()
})

test.each(['append', 'summary'] as const)(
  'only the last %s of a message is remembered',
  (action) => {
    const recent = new RecentEvents(positionOf(0), 100)
    const all = [
      event(1, 'create'),
      event(2, action),
      event(3, action, 'other'),
      event(4, action),
      event(5, 'update'),
    ]
    for (const one of all) recent.add(one)
    const told = () => recent.all().filter((one) => !recent.isOutdone(one))
    expect(told().map(({ timestamp }) => timestamp)).toEqual([1, 3, 4, 5])
  },
)

test('an event that was read and then forgotten is still delivered, unless it was shortened', () => {
  const recent = new RecentEvents(positionOf(0), 100)
  recent.add(event(1, 'append'))
  const early = recent.all()[0]!
  recent.add(event(2, 'append'))
  const taken = recent.all()
  expect([early, ...taken].map((one) => recent.isOutdone(one))).toEqual([true, true, false])
  recent.forgetOldest()
  recent.forgetOldest()
  expect(taken.map((one) => recent.isOutdone(one))).toEqual([true, false])
})
