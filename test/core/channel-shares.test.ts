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
  answered,
} from '../support/core-world.ts'

let nextSocket = 1

/** Channels with apps that use them. Each act returns its failure, if any. */
function world(maxChannels: number) {
  const made = new CoreWorld({ maxChannels })
  const publish = async (app: string, name: string) => {
    made.now++
    const result = await answered(
      await made.publisher.publish(channelRef(app, name), {
        drafts: [draft({ data: 'x' })],
        batchId: undefined,
        ephemeral: false,
        connectionId: undefined,
        id: undefined,
      }),
    )
    return result.ok ? undefined : result.failure.name
  }
  const attach = async (app: string, name: string) => {
    made.now++
    const opened = await answered(await made.registry.open(channelRef(app, name)))
    if (!opened.ok) return opened.failure.name
    const socket = { ...listener(), id: nextSocket++ }
    return made.attachments.attach(opened.value, { ...everything, socket })
  }
  const enter = async (app: string, name: string) => {
    const change = {
      ...draft(),
      action: 'enter' as const,
      clientId: 'ann',
      data: undefined,
    }
    const result = await answered(
      await made.presence.change(channelRef(app, name), [change], { connectionId: 'c', id: 'c:0' }),
    )
    return result.ok ? undefined : result.failure.name
  }
  const names = (app: string) => [...made.registry.channels(app).keys()].toSorted()
  return { made, publish, attach, enter, names }
}

describe('without room', () => {
  test('the largest share forgets its least recently used channel', async () => {
    const { attach, made, names, publish } = world(5)
    await publish('small', 's1')
    for (const name of ['g1', 'g2', 'g3', 'g4']) await publish('greedy', name)
    await publish('greedy', 'g1')
    expect(await publish('small', 's2')).toBeUndefined()
    expect(names('greedy')).toEqual(['g1', 'g3', 'g4'])
    expect(await attach('small', 's3')).toBeObject()
    expect(names('greedy')).toEqual(['g1', 'g4'])
    expect(names('small')).toEqual(['s1', 's2', 's3'])
    expect([made.registry.sizeOfApps, made.pool.total]).toEqual([5, 5])
    expect(made.closed).toEqual(['g2', 'g3'])
  })

  test('a thousand new channels of one app evict only channels of that app', async () => {
    const { made, names, publish } = world(100)
    for (let i = 0; i < 5; i++) await publish('small', `s${i}`)
    for (let i = 0; i < 1000; i++) expect(await publish('greedy', `g${i}`)).toBeUndefined()
    expect(names('small')).toHaveLength(5)
    expect(made.registry.sizeOfApps).toBe(100)
  })

  test('channels in use stay, and a small app still gets one', async () => {
    const { attach, enter, names, publish } = world(4)
    for (const name of ['g1', 'g2', 'g3']) expect(await attach('greedy', name)).toBeObject()
    await enter('greedy', 'g4')
    expect(await attach('greedy', 'g5')).toBe('too_many_channels')
    expect(await publish('greedy', 'g5')).toBe('too_many_channels')
    expect(await attach('small', 's1')).toBeObject()
    expect(await publish('small', 's2')).toBeUndefined()
    expect(names('greedy')).toEqual(['g1', 'g2', 'g3', 'g4'])
    expect(names('small')).toEqual(['s1', 's2'])
    expect(await publish('small', 's3')).toBeUndefined()
    expect(names('small')).toEqual(['s1', 's3'])
  })

  test('a known channel is never refused', async () => {
    const { attach, publish } = world(1)
    await attach('app', 'a')
    expect(await publish('app', 'a')).toBeUndefined()
    expect(await publish('app', 'b')).toBe('too_many_channels')
  })

  test('a client that returns to an evicted channel cannot resume', async () => {
    const { attach, made, publish } = world(3)
    const ref = channelRef('greedy', 'g1')
    await publish('greedy', 'g1')
    const { head } = made.registry.channel(ref)!.recent
    for (const name of ['g2', 'g3']) await publish('greedy', name)
    await publish('small', 's1')
    expect(made.registry.channel(ref)).toBeUndefined()
    await attach('greedy', 'g1')
    expect(made.registry.channel(ref)!.recent.after(head)).toBeUndefined()
  })

  test('an evicted channel is released before its time', async () => {
    const { made, publish } = world(1)
    await publish('app', 'a')
    const { recent } = made.registry.channel(channelRef('app', 'a'))!
    await publish('app', 'b')
    expect(recent.size).toBe(0)
    made.now += KEEP_MS + 1
    made.registry.expire()
    expect([made.registry.sizeOfApps, made.pool.total, made.pool.shares]).toEqual([0, 0, 0])
  })
})

describe('an app with a limit of its own', () => {
  test('evicts its own channels first, and is refused a new one while all are in use', async () => {
    const { attach, made, names, publish } = world(0)
    made.appLimits.set('app', { maxChannels: 2 })
    for (const name of ['a', 'b', 'c']) expect(await publish('app', name)).toBeUndefined()
    expect(names('app')).toEqual(['b', 'c'])
    for (const name of ['b', 'c']) await attach('app', name)
    expect(await attach('app', 'd')).toBe('app_channels')
    expect(await attach('other', 'd')).toBeObject()
  })

  test('with a limit of one channel can move to another', async () => {
    const { made, names, publish } = world(0)
    made.appLimits.set('app', { maxChannels: 1 })
    for (const name of ['a', 'b', 'c']) expect(await publish('app', name)).toBeUndefined()
    expect(names('app')).toEqual(['c'])
    expect([made.registry.sizeOfApps, made.pool.total]).toEqual([1, 1])
  })
})

test('a restart with a lower limit keeps what the shares allow', async () => {
  const before = world(0)
  for (let i = 0; i < 8; i++) await before.publish('greedy', `g${i}`)
  await before.publish('small', 's')
  await before.enter('small', 'crew')
  const snapshots = takeSnapshot(before.made.registry, () => true)
  const { made, names } = world(4)
  made.now = before.made.now + 1000
  restoreSnapshot(made, snapshots)
  expect(names('small')).toEqual(['crew', 's'])
  expect(names('greedy')).toHaveLength(2)
  expect((await value(made.registry.open(channelRef('small', 'crew')))).presence.size).toBe(1)
  expect(made.pool.total).toBe(4)
})

describe('ids of publishers', () => {
  /** Publishes a message with nothing but a large id. */
  async function publishIds(made: CoreWorld, app: string, count: number): Promise<string[]> {
    const ids: string[] = []
    for (let i = 0; i < count; i++) {
      made.now++
      const batchId = `${app}-${i}-${'i'.repeat(1000)}`
      const publication = {
        drafts: [draft()],
        batchId,
        ephemeral: false,
        connectionId: undefined,
        id: undefined,
      }
      await value(made.publisher.publish(channelRef(app, 'room'), publication))
      ids.push(batchId)
    }
    return ids
  }

  const known = (made: CoreWorld, app: string) =>
    made.registry.channel(channelRef(app, 'room'))?.ids.size ?? 0

  test('count as memory of their app, and the largest share forgets its oldest first', async () => {
    const made = new CoreWorld({ maxBytes: 100_000 })
    await publishIds(made, 'small', 10)
    await publishIds(made, 'greedy', 500)
    expect(known(made, 'small')).toBe(10)
    expect(known(made, 'greedy')).toBeLessThan(60)
    expect(known(made, 'greedy')).toBeGreaterThan(20)
  })

  test('are forgotten in time, and with their channel', async () => {
    const made = new CoreWorld({ maxChannels: 2 })
    await publishIds(made, 'app', 10)
    made.now += KEEP_MS + 1
    made.registry.expire()
    expect(known(made, 'app')).toBe(0)
    await publishIds(made, 'app', 3)
    const { ids } = made.registry.channel(channelRef('app', 'room'))!
    made.now++
    for (const app of ['app', 'other']) await value(made.registry.open(channelRef(app, 'new')))
    expect(ids.size).toBe(0)
  })

  test('are known after a restart, for the rest of their time', async () => {
    const before = new CoreWorld()
    await publishIds(before, 'app', 3)
    before.now += KEEP_MS / 2
    await publishIds(before, 'other', 3)
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
