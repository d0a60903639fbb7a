/** Channels that are only remembered give way, those of the greatest share first; nobody else does. */
import { describe, expect, test } from 'bun:test'
import { restoreSnapshot, takeSnapshot } from '../../src/core/channel/snapshot.ts'
import { channelRef } from '../../src/core/types.ts'
import {
  CoreWorld,
  KEEP_MS,
  draft,
  everything,
  listener,
  value,
  now,
} from '../support/core-world.ts'

let nextSocket = 1

/** Channels with apps that use them. Each act returns its failure, if any. */
function world(maxChannels: number) {
  const made = new CoreWorld({ maxChannels })
  const publish = (app: string, name: string) => {
    made.now++
    const result = now(
      made.publisher.publish(channelRef(app, name), {
        drafts: [draft({ data: 'x' })],
        batchId: undefined,
        ephemeral: false,
        connectionId: undefined,
        id: undefined,
      }),
    )
    return result.ok ? undefined : result.failure.name
  }
  const attach = (app: string, name: string) => {
    made.now++
    const opened = now(made.registry.open(channelRef(app, name)))
    if (!opened.ok) return opened.failure.name
    const socket = { ...listener(), id: nextSocket++ }
    return made.attachments.attach(opened.value, { ...everything, socket })
  }
  const enter = (app: string, name: string) => {
    const change = {
      ...draft(),
      action: 'enter' as const,
      clientId: 'ann',
      data: undefined,
    }
    const result = now(
      made.presence.change(channelRef(app, name), [change], { connectionId: 'c', id: 'c:0' }),
    )
    return result.ok ? undefined : result.failure.name
  }
  const names = (app: string) => [...made.registry.channels(app).keys()].toSorted()
  return { made, publish, attach, enter, names }
}

describe('without room', () => {
  test('the largest share forgets its least recently used channel', () => {
    const { attach, made, names, publish } = world(5)
    publish('small', 's1')
    for (const name of ['g1', 'g2', 'g3', 'g4']) publish('greedy', name)
    publish('greedy', 'g1')
    expect(publish('small', 's2')).toBeUndefined()
    expect(names('greedy')).toEqual(['g1', 'g3', 'g4'])
    expect(attach('small', 's3')).toBeObject()
    expect(names('greedy')).toEqual(['g1', 'g4'])
    expect(names('small')).toEqual(['s1', 's2', 's3'])
    expect([made.registry.sizeOfApps, made.pool.total]).toEqual([5, 5])
    expect(made.closed).toEqual(['g2', 'g3'])
  })

  test('a thousand new channels of one app evict only channels of that app', () => {
    const { made, names, publish } = world(100)
    for (let i = 0; i < 5; i++) publish('small', `s${i}`)
    for (let i = 0; i < 1000; i++) expect(publish('greedy', `g${i}`)).toBeUndefined()
    expect(names('small')).toHaveLength(5)
    expect(made.registry.sizeOfApps).toBe(100)
  })

  test('channels in use stay, and a small app still gets one', () => {
    const { attach, enter, names, publish } = world(4)
    for (const name of ['g1', 'g2', 'g3']) expect(attach('greedy', name)).toBeObject()
    enter('greedy', 'g4')
    expect(attach('greedy', 'g5')).toBe('too_many_channels')
    expect(publish('greedy', 'g5')).toBe('too_many_channels')
    expect(attach('small', 's1')).toBeObject()
    expect(publish('small', 's2')).toBeUndefined()
    expect(names('greedy')).toEqual(['g1', 'g2', 'g3', 'g4'])
    expect(names('small')).toEqual(['s1', 's2'])
    expect(publish('small', 's3')).toBeUndefined()
    expect(names('small')).toEqual(['s1', 's3'])
  })

  test('a known channel is never refused', () => {
    const { attach, publish } = world(1)
    attach('app', 'a')
    expect(publish('app', 'a')).toBeUndefined()
    expect(publish('app', 'b')).toBe('too_many_channels')
  })

  test('a client that returns to an evicted channel cannot resume', () => {
    const { attach, made, publish } = world(3)
    const ref = channelRef('greedy', 'g1')
    publish('greedy', 'g1')
    const { head } = made.registry.channel(ref)!.recent
    for (const name of ['g2', 'g3']) publish('greedy', name)
    publish('small', 's1')
    expect(made.registry.channel(ref)).toBeUndefined()
    attach('greedy', 'g1')
    expect(made.registry.channel(ref)!.recent.after(head)).toBeUndefined()
  })

  test('an evicted channel is released before its time', () => {
    const { made, publish } = world(1)
    publish('app', 'a')
    const { recent } = made.registry.channel(channelRef('app', 'a'))!
    publish('app', 'b')
    expect(recent.size).toBe(0)
    made.now += KEEP_MS + 1
    made.registry.expire()
    expect([made.registry.sizeOfApps, made.pool.total, made.pool.shares]).toEqual([0, 0, 0])
  })
})

describe('an app with a limit of its own', () => {
  test('evicts its own channels first, and is refused a new one while all are in use', () => {
    const { attach, made, names, publish } = world(0)
    made.appLimits.set('app', { maxChannels: 2 })
    for (const name of ['a', 'b', 'c']) expect(publish('app', name)).toBeUndefined()
    expect(names('app')).toEqual(['b', 'c'])
    for (const name of ['b', 'c']) attach('app', name)
    expect(attach('app', 'd')).toBe('app_channels')
    expect(attach('other', 'd')).toBeObject()
  })

  test('with a limit of one channel can move to another', () => {
    const { made, names, publish } = world(0)
    made.appLimits.set('app', { maxChannels: 1 })
    for (const name of ['a', 'b', 'c']) expect(publish('app', name)).toBeUndefined()
    expect(names('app')).toEqual(['c'])
    expect([made.registry.sizeOfApps, made.pool.total]).toEqual([1, 1])
  })
})

test('a restart with a lower limit keeps what the shares allow', () => {
  const before = world(0)
  for (let i = 0; i < 8; i++) before.publish('greedy', `g${i}`)
  before.publish('small', 's')
  before.enter('small', 'crew')
  const snapshots = takeSnapshot(before.made.registry, () => true)
  const { made, names } = world(4)
  made.now = before.made.now + 1000
  restoreSnapshot(made, snapshots)
  expect(names('small')).toEqual(['crew', 's'])
  expect(names('greedy')).toHaveLength(2)
  expect(value(made.registry.open(channelRef('small', 'crew'))).presence.size).toBe(1)
  expect(made.pool.total).toBe(4)
})

describe('ids of publishers', () => {
  /** Publishes a message with nothing but a large id. */
  function publishIds(made: CoreWorld, app: string, count: number): string[] {
    return Array.from({ length: count }, (_, i) => {
      made.now++
      const batchId = `${app}-${i}-${'i'.repeat(1000)}`
      const publication = {
        drafts: [draft()],
        batchId,
        ephemeral: false,
        connectionId: undefined,
        id: undefined,
      }
      value(made.publisher.publish(channelRef(app, 'room'), publication))
      return batchId
    })
  }

  const known = (made: CoreWorld, app: string) =>
    made.registry.channel(channelRef(app, 'room'))?.ids.size ?? 0

  test('count as memory of their app, and the largest share forgets its oldest first', () => {
    const made = new CoreWorld({ maxBytes: 100_000 })
    publishIds(made, 'small', 10)
    publishIds(made, 'greedy', 500)
    expect(known(made, 'small')).toBe(10)
    expect(known(made, 'greedy')).toBeLessThan(60)
    expect(known(made, 'greedy')).toBeGreaterThan(20)
  })

  test('are forgotten in time, and with their channel', () => {
    const made = new CoreWorld({ maxChannels: 2 })
    publishIds(made, 'app', 10)
    made.now += KEEP_MS + 1
    made.registry.expire()
    expect(known(made, 'app')).toBe(0)
    publishIds(made, 'app', 3)
    const { ids } = made.registry.channel(channelRef('app', 'room'))!
    made.now++
    for (const app of ['app', 'other']) value(made.registry.open(channelRef(app, 'new')))
    expect(ids.size).toBe(0)
  })

  test('are known after a restart, for the rest of their time', () => {
    const before = new CoreWorld()
    publishIds(before, 'app', 3)
    before.now += KEEP_MS / 2
    publishIds(before, 'other', 3)
    const made = new CoreWorld()
    made.now = before.now
    restoreSnapshot(
      made,
      takeSnapshot(before.registry, () => true),
    )
    expect([known(made, 'app'), known(made, 'other')]).toEqual([3, 3])
    made.now += KEEP_MS / 2 + 10
    made.registry.expire()
    expect([known(made, 'app'), known(made, 'other')]).toEqual([0, 3])
  })
})
