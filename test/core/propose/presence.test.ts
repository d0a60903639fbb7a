/** Presence: a change and its announcement are one step, also for two connections of one client. */
import { describe, expect, test } from 'bun:test'
import { restoreSnapshot, takeSnapshot } from '../../../src/core/channel/snapshot.ts'
import { channelRef } from '../../../src/core/types.ts'
import type { PresenceDraft } from '../../../src/core/types.ts'
import { CoreWorld, everything, listener, value, answered } from '../../support/core-world.ts'

const ref = channelRef('app', 'room')

async function world(limits?: ConstructorParameters<typeof CoreWorld>[0]) {
  const made = new CoreWorld(limits)
  const reader = listener()
  made.attachments.attach(await value(made.registry.open(ref)), { ...everything, socket: reader })
  const told = () =>
    reader.heard.flatMap((event) =>
      event.kind === 'presence'
        ? event.changes.map((change) => `${change.action} ${change.connectionId} ${change.data}`)
        : [],
    )
  let serial = 0
  const change = (
    action: PresenceDraft['action'],
    clientId: string,
    connectionId: string,
    more: Partial<PresenceDraft> = {},
  ) => {
    const rest = { id: undefined, data: undefined, encoding: undefined, extras: undefined }
    const draft = { ...rest, action, clientId, ...more }
    return made.presence.change(ref, [draft], { connectionId, id: `${connectionId}:${serial++}` })
  }
  return { made, told, change }
}

const members = (made: CoreWorld) =>
  Array.from(made.registry.channel(ref)!.presence.members(), (member) => member)

test('enter, update and leave are delivered as they were sent', async () => {
  const { made, told, change } = await world()
  await value(change('enter', 'ann', 'c1', { data: 'a' }))
  await value(change('update', 'ann', 'c1', { data: 'b' }))
  expect(members(made)).toMatchObject([{ action: 'present', clientId: 'ann', data: 'b' }])
  await value(change('leave', 'ann', 'c1'))
  expect(told()).toEqual(['enter c1 a', 'update c1 b', 'leave c1 b'])
  expect(members(made)).toEqual([])
})

test('a client may enter and leave in one request', async () => {
  const { made, told } = await world()
  const rest = { clientId: 'ann', id: undefined, data: 'x', encoding: undefined, extras: undefined }
  const drafts: PresenceDraft[] = [
    { action: 'enter', ...rest },
    { action: 'leave', ...rest },
  ]
  await value(made.presence.change(ref, drafts, { connectionId: 'c1', id: 'c1:0' }))
  expect(told()).toEqual(['enter c1 x', 'leave c1 x'])
  expect(members(made)).toEqual([])
})

test('a client on two connections is two members', async () => {
  const { made, change } = await world()
  await value(change('enter', 'ann', 'c1'))
  await value(change('enter', 'ann', 'c2'))
  expect(members(made)).toHaveLength(2)
  await made.presence.leave(ref, 'c1')
  expect(members(made).map(({ connectionId }) => connectionId)).toEqual(['c2'])
})

test('entering again unchanged is not delivered again', async () => {
  const { made, told, change } = await world()
  await value(change('enter', 'ann', 'c1'))
  const [{ id } = { id: '' }] = members(made)
  expect((await value(change('enter', 'ann', 'c1', { id }))).event).toBeUndefined()
  expect(told()).toHaveLength(1)
  await made.presence.leave(ref, 'c1')
  expect((await value(change('enter', 'ann', 'c1', { id }))).event).toBeDefined()
  expect(members(made).map((member) => member.id)).toEqual([id])
})

test('entering again with other data is an update, and after leaving an enter', async () => {
  const { made, told, change } = await world()
  await value(change('enter', 'ann', 'c1', { data: 'a' }))
  await value(change('enter', 'ann', 'c1', { data: 'b' }))
  expect(members(made).map(({ data }) => data)).toEqual(['b'])
  await value(change('enter', 'ann', 'c2'))
  await value(change('leave', 'ann', 'c1'))
  await value(change('enter', 'ann', 'c1'))
  expect(told().map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual([
    'enter c1',
    'update c1',
    'enter c2',
    'leave c1',
    'enter c1',
  ])
})

test('the end of a connection removes all its members, with ids of the server', async () => {
  const { told, change, made } = await world()
  await value(change('enter', 'ann', 'c1', { data: 'x' }))
  await value(change('enter', 'bob', 'c1'))
  const [event] = (await answered(await made.presence.leave(ref, 'c1'))).events
  expect(event!.changes.map(({ action, data }) => [action, data])).toEqual([
    ['leave', 'x'],
    ['leave', undefined],
  ])
  expect(event!.changes.some(({ id }) => id.startsWith('c1'))).toBe(false)
  expect(told()).toHaveLength(4)
  expect((await answered(await made.presence.leave(ref, 'c1'))).events).toEqual([])
})

test('the leave of very many members is delivered in portions that fit into frames', async () => {
  const { change, made, told } = await world()
  for (let i = 0; i < 30; i++)
    await value(change('enter', `big ${i}`, 'c1', { data: 'x'.repeat(30_000) }))
  for (let i = 0; i < 250; i++) await value(change('enter', `small ${i}`, 'c1'))
  const before = told().length
  const { events } = await answered(await made.presence.leave(ref, 'c1'))
  expect(events.length).toBeLessThan(15)
  const sizes = events.map(({ changes }) =>
    changes.reduce((sum, { data }) => sum + (data?.length ?? 0), 0),
  )
  expect(Math.max(...sizes)).toBeLessThanOrEqual(131_072)
  expect(Math.max(...events.map(({ changes }) => changes.length))).toBeLessThanOrEqual(100)
  expect(told().length - before).toBe(280)
  expect(new Set(events.flatMap(({ changes }) => changes.map(({ id }) => id))).size).toBe(280)
  expect(members(made)).toEqual([])
  expect(made.presenceBudget.used).toBe(0)
})

test('a full presence set accepts changes of its members, and no new ones', async () => {
  const { made, change } = await world()
  made.maxMembers = 1
  await value(change('enter', 'ann', 'c1'))
  const refused = await answered(await change('enter', 'bob', 'c1'))
  expect(refused.ok ? undefined : refused.failure.name).toBe('presence_full')
  await value(change('update', 'ann', 'c1'))
  await value(change('leave', 'ann', 'c1'))
  await value(change('enter', 'bob', 'c1'))
})

test('the history has enter, update and leave, newest first', async () => {
  const { made, change } = await world()
  await value(change('enter', 'ann', 'c1'))
  await value(change('update', 'ann', 'c1'))
  await made.presence.leave(ref, 'c1')
  const page = { direction: 'backwards', limit: 2 } as const
  const { items, next } = made.histories.of(ref).presence(ref, page)
  expect(items.map(({ action }) => action)).toEqual(['leave', 'update'])
  const rest = made.histories.of(ref).presence(ref, { ...page, after: next })
  expect(rest.items.map(({ action }) => action)).toEqual(['enter'])
  expect(rest.next).toBeUndefined()
})

describe('data of members', () => {
  const text = (length: number) => ({ data: 'x'.repeat(length) })
  const nameOf = async (answer: ReturnType<Awaited<ReturnType<typeof world>>['change']>) => {
    const result = await answered(answer)
    return result.ok ? undefined : result.failure.name
  }

  test('has a bounded number of bytes on a channel, also after changes', async () => {
    const { made, change } = await world({ maxPresenceBytes: 10_000 })
    await value(change('enter', 'ann', 'c1', text(4000)))
    await value(change('enter', 'bob', 'c1', text(4000)))
    expect(await nameOf(await change('enter', 'cyd', 'c1', text(4000)))).toBe('presence_too_large')
    expect(await nameOf(await change('update', 'ann', 'c1', text(8000)))).toBe('presence_too_large')
    expect(members(made)).toHaveLength(2)
    await value(change('update', 'ann', 'c1', text(10)))
    await value(change('enter', 'cyd', 'c1', text(4000)))
    expect(made.presenceBudget.used).toBe(made.registry.channel(ref)!.presence.bytes)
  })

  test('is bounded for a connection and an app by a share of the whole', async () => {
    // A single connection may use a quarter.
    const { made, change } = await world({ presenceMemory: 1_000_000 })
    await value(change('enter', 'ann', 'c1', text(200_000)))
    expect(await nameOf(await change('enter', 'bob', 'c1', text(200_000)))).toBe(
      'presence_too_large',
    )
    await value(change('enter', 'bob', 'c2', text(100_000)))
    const other = channelRef('other', 'room')
    const rest = { id: undefined, encoding: undefined, extras: undefined }
    const draft = { ...rest, action: 'enter' as const, clientId: 'eve', ...text(150_000) }
    await value(made.presence.change(other, [draft], { connectionId: 'c3', id: 'c3:0' }))
  })

  test('is released by leaving, by the end of a connection and by the end of an app', async () => {
    const { made, change } = await world()
    await value(change('enter', 'ann', 'c1', text(1000)))
    await value(change('enter', 'bob', 'c1', text(1000)))
    await value(change('enter', 'cyd', 'c2', text(1000)))
    await value(change('leave', 'ann', 'c1'))
    await made.presence.leave(ref, 'c1')
    expect(made.presenceBudget.heldBy('app\nc1')).toBe(0)
    expect(made.presenceBudget.used).toBe(made.registry.channel(ref)!.presence.bytes)
    made.registry.forget('app')
    expect(made.presenceBudget.used).toBe(0)
  })

  test('counts a client once that is in a list twice, and takes a list whole or not at all', async () => {
    const { made } = await world({ maxPresenceBytes: 10_000 })
    const rest = { id: undefined, encoding: undefined, extras: undefined }
    const enter = (clientId: string, length: number): PresenceDraft => ({
      action: 'enter',
      clientId,
      ...rest,
      ...text(length),
    })
    const origin = { connectionId: 'c1', id: 'c1:0' }
    await value(made.presence.change(ref, [enter('ann', 9000), enter('ann', 8000)], origin))
    const both = await answered(
      await made.presence.change(ref, [enter('ann', 100), enter('bob', 9900)], origin),
    )
    expect(both.ok).toBe(false)
    expect(members(made)).toMatchObject([{ clientId: 'ann', ...text(8000) }])
  })

  test('is counted again after a restart', async () => {
    const { made, change } = await world()
    await value(change('enter', 'ann', 'c1', text(1000)))
    const after = new CoreWorld()
    restoreSnapshot(
      after,
      takeSnapshot(made.registry, () => true),
    )
    after.presence.adopt()
    expect(after.presenceBudget.used).toBe(made.presenceBudget.used)
  })
})
