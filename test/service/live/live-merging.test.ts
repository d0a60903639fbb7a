/** What several nodes answer about channels and connections is put together as one list, and no node is forgotten. */
import { describe, expect, test } from 'bun:test'
import type { Answers } from '../../../src/cluster/cluster.ts'
import type { Listing } from '../../../src/core/first-of.ts'
import type { Occupancy } from '../../../src/core/types.ts'
import {
  mergeChannels,
  mergeConnections,
  mergeFigures,
} from '../../../src/service/live/live-merging.ts'
import type { NodeChannel } from '../../../src/service/live/live-questions.ts'
import type { LiveChannel, LiveConnection } from '../../../src/service/live/live-views.ts'

const node = (name: string) => ({ id: name, name, idPrefix: name })

function answers<T>(values: readonly T[], missing: readonly string[] = []): Answers<T> {
  return {
    given: values.map((value, at) => ({ node: node(`n${at}`), value })),
    missing: missing.map(node),
  }
}

const NOBODY: Occupancy = {
  connections: 0,
  publishers: 0,
  subscribers: 0,
  presenceConnections: 0,
  presenceMembers: 0,
  presenceSubscribers: 0,
  objectPublishers: 0,
  objectSubscribers: 0,
}

function channel(name: string, members: number, more: Partial<LiveChannel> = {}): NodeChannel {
  const view: LiveChannel = {
    name,
    appId: undefined,
    members,
    occupancy: undefined,
    rate: 1,
    since: 1000,
    rule: 'open',
    namespace: undefined,
    hasJoinKey: false,
    hasSendKey: false,
    ...more,
  }
  return { key: `${more.appId ?? ''}\n${name}`, view }
}

const listing = <T>(...items: T[]): Listing<T> => ({ items, total: items.length })

describe('channels', () => {
  test('of the commons have as many members as the node knows that knows most', () => {
    const found = mergeChannels(
      answers([
        listing(channel('a', 3, { since: 500 }), channel('b', 1)),
        listing(channel('a', 2, { rate: 4 })),
      ]),
      undefined,
    )
    expect(found.total).toBe(2)
    expect(found.items).toMatchObject([
      { name: 'a', members: 3, rate: 4, since: 500 },
      { name: 'b', members: 1 },
    ])
  })

  test('of apps have the attachments of all nodes, and one presence set', () => {
    const of = (connections: number, presenceMembers: number) =>
      channel('a', connections, {
        appId: 'app',
        occupancy: { ...NOBODY, connections, presenceMembers },
      })
    const [merged] = mergeChannels(answers([listing(of(2, 5)), listing(of(3, 5))]), undefined).items
    expect(merged).toMatchObject({
      members: 5,
      occupancy: { connections: 5, presenceMembers: 5 },
    })
  })

  test('of the same name in two apps, or with hidden parts, are not one', () => {
    const hidden = (key: string) => ({ ...channel('a-…', 1), key })
    const found = mergeChannels(
      answers([
        listing(channel('a', 1, { appId: 'x' }), hidden('\na-1')),
        listing(channel('a', 1, { appId: 'y' }), hidden('\na-2')),
      ]),
      undefined,
    )
    expect(found.items).toHaveLength(4)
  })

  test('beyond the limit are counted and not listed', () => {
    const cut = (name: string) => ({ items: [channel(name, 1)], total: 7 })
    const { items, total } = mergeChannels(answers([cut('a'), cut('b')]), 1)
    expect(items.map(({ name }) => name)).toEqual(['a'])
    expect(total).toBe(14)
  })

  test('name the nodes that are missing, also where one alone has answered', () => {
    const found = mergeChannels(answers([listing(channel('a', 1))], ['n8', 'n9']), undefined)
    expect(found).toMatchObject({ total: 1, missing: ['n8', 'n9'] })
    expect(mergeChannels(answers<Listing<NodeChannel>>([], ['n9']), undefined)).toEqual({
      items: [],
      total: 0,
      missing: ['n9'],
    })
  })
})

test('connections are listed the newest first, whichever node they are on', () => {
  const connection = (id: string, since: number) => ({ id, since }) as LiveConnection
  const found = mergeConnections(
    answers([
      { items: [connection('c', 3), connection('a', 1)], total: 9 },
      listing(connection('b', 2)),
    ]),
    2,
  )
  expect(found.items.map(({ id }) => id)).toEqual(['c', 'b'])
  expect(found.total).toBe(10)
})

test('figures are added up', () => {
  const figures = { channels: 1, connections: 2, streams: 3, away: 4, rate: 0.5 }
  expect(mergeFigures(answers([figures, figures]))).toEqual({
    channels: 2,
    connections: 4,
    streams: 6,
    away: 8,
    rate: 1,
  })
})
