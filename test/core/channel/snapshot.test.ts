/** A snapshot of the channels restores all that clients can resume from. */
import { expect, test } from 'bun:test'
import { restoreSnapshot, takeSnapshot } from '../../../src/core/channel/snapshot.ts'
import { channelRef } from '../../../src/core/types.ts'
import { CoreWorld, KEEP_MS, draft, everything, listener, value } from '../../support/core-world.ts'

const ref = channelRef('app', 'room')
const all = { direction: 'forwards', limit: 100 } as const

function publish(world: CoreWorld, name: string, batchId?: string) {
  return value(
    world.publisher.publish(ref, {
      drafts: [draft({ name, data: new Uint8Array([1, 2]) })],
      connectionId: 'c1',
      id: undefined,
      batchId,
      ephemeral: false,
    }),
  )
}

async function enter(world: CoreWorld, connectionId: string) {
  const rest = { id: undefined, data: undefined, encoding: undefined, extras: undefined }
  const member = { action: 'enter' as const, clientId: 'ann', ...rest }
  await value(world.presence.change(ref, [member], { connectionId, id: `${connectionId}:0` }))
}

function restarted(before: CoreWorld, awayMs: number): CoreWorld {
  const after = new CoreWorld()
  after.now = before.now + awayMs
  const plain = structuredClone(
    takeSnapshot(before.registry, ({ connectionId }) => connectionId === 'c1'),
  )
  restoreSnapshot(after, plain)
  return after
}

test('restores events, history, presence and known ids', async () => {
  const before = new CoreWorld()
  before.attachments.attach(await value(before.registry.open(ref)), {
    ...everything,
    socket: listener(),
  })
  const start = before.registry.channel(ref)!.recent.head
  const receipt = await publish(before, 'a', 'mine')
  await enter(before, 'c1')
  await enter(before, 'c2')
  await publish(before, 'b')
  const after = restarted(before, 1000)
  const channel = after.registry.channel(ref)!
  expect(channel.recent.after(start)).toEqual(before.registry.channel(ref)!.recent.after(start)!)
  expect(channel.recent.head).toBe(before.registry.channel(ref)!.recent.head)
  expect(after.histories.of(ref).messages(ref, all)).toEqual(
    before.histories.of(ref).messages(ref, all),
  )
  expect(after.histories.of(ref).presence(ref, all).items).toHaveLength(2)
  expect([...channel.presence.members()].map(({ connectionId }) => connectionId)).toEqual(['c1'])
  expect((await publish(after, 'again', 'mine')).serials).toEqual(receipt.serials)
})

test('serials keep growing though the clock went back', async () => {
  const before = new CoreWorld()
  const [last] = (await publish(before, 'a')).serials
  const after = restarted(before, -60_000)
  const [next] = (await publish(after, 'b')).serials
  expect(next! > last!).toBe(true)
  expect(
    after.histories
      .of(ref)
      .messages(ref, all)
      .items.map(({ name }) => name),
  ).toEqual(['a', 'b'])
})

test('entries that are too old by then are dropped, and a resume from them is refused', async () => {
  const before = new CoreWorld()
  const start = (await value(before.registry.open(ref))).recent.head
  await publish(before, 'a')
  const after = restarted(before, KEEP_MS + 1)
  after.registry.expire()
  expect(after.registry.channel(ref)?.recent.after(start)).toBeUndefined()
  expect(after.histories.of(ref).messages(ref, all).items).toEqual([])
})
