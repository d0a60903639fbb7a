/** What nobody has to remember any more is let go of, by an entry and its time. */
import { expect, test } from 'bun:test'
import { ROOT } from '../../../src/core/objects/object-id.ts'
import type { ObjectDraft, ObjectOperation } from '../../../src/core/objects/operation.ts'
import { channelRef } from '../../../src/core/types.ts'
import { CoreWorld, everything, listener, value } from '../../support/core-world.ts'

const ref = channelRef('app', 'room')
const HOUR = 3_600_000
const nobody = { connectionId: undefined, id: undefined }

async function world() {
  const made = new CoreWorld()
  const reader = listener()
  const channel = await value(made.registry.open(ref))
  made.attachments.attach(channel, { ...everything, socket: reader })
  const counter = `counter:${'c'.repeat(43)}@${made.clock.now()}`
  return {
    made,
    channel,
    counter,
    do: async (...operations: ObjectOperation[]) => {
      const drafts = operations.map((operation): ObjectDraft => ({
        id: undefined,
        clientId: undefined,
        extras: undefined,
        operation,
      }))
      await value(made.objects.change(ref, drafts, nobody))
    },
    pass: async (hours: number) => {
      made.now += hours * HOUR
      made.collector.step()
      // It changes nothing, and is applied after whatever was just proposed for the channel.
      await made.presence.leave(ref, 'nobody')
    },
    ids: () => Array.from(channel.objects!.all(), ({ id }) => id),
    kept: () => made.objectLog.objects(ref),
    deletions: () =>
      reader.heard.flatMap((event) =>
        event.kind === 'objects'
          ? event.messages.filter(({ operation }) => operation.action === 'object.delete')
          : [],
      ),
  }
}

const link = (key: string, id: string): ObjectOperation => ({
  action: 'map.set',
  objectId: ROOT,
  key,
  data: { kind: 'objectId', value: id },
})
const unlink = (key: string): ObjectOperation => ({ action: 'map.remove', objectId: ROOT, key })

test('what was removed is remembered for a day, on the disk too', async () => {
  const { channel, kept, pass, ...it } = await world()
  await it.do({ action: 'map.set', objectId: ROOT, key: 'k', data: { kind: 'number', value: 1 } })
  await it.do(unlink('k'))
  await pass(23)
  expect(channel.objects!.root.entries.has('k')).toBe(true)
  await pass(2)
  expect(channel.objects!.root.entries.has('k')).toBe(false)
  expect(kept().map(({ entries }) => entries)).toEqual([[]])
  expect(channel.objects!.bytes).toBe(channel.objects!.root.bytes)
})

test('an object that nothing has led to for a day is deleted, told, and forgotten after another', async () => {
  const { counter, deletions, ids, kept, pass, ...it } = await world()
  await it.do({ action: 'counter.create', objectId: counter, count: 1 }, link('c', counter))
  await pass(30)
  expect(deletions()).toEqual([])
  await it.do(unlink('c'))
  await pass(1)
  await pass(23)
  expect(deletions()).toEqual([])
  await pass(2)
  expect(deletions().map(({ operation, siteCode }) => [operation.objectId, siteCode])).toEqual([
    [counter, 'site'],
  ])
  expect(kept().find(({ head }) => head.objectId === counter)?.head.deletedAt).toBeDefined()
  expect(ids()).toContain(counter)
  await pass(25)
  expect(ids()).toEqual([ROOT])
  expect(kept().map(({ head }) => head.objectId)).toEqual([ROOT])
  expect(deletions().length).toBe(1)
})

test('an object that is linked again stays', async () => {
  const { counter, deletions, pass, ...it } = await world()
  await it.do({ action: 'counter.create', objectId: counter, count: 1 })
  await pass(1)
  await pass(20)
  await it.do(link('c', counter))
  await pass(1)
  await it.do(unlink('c'))
  await pass(1)
  await pass(20)
  expect(deletions()).toEqual([])
})

test('nothing is proposed where there is nothing to let go of', async () => {
  const { channel, pass, ...it } = await world()
  await it.do({ action: 'map.set', objectId: ROOT, key: 'k', data: { kind: 'number', value: 1 } })
  const { head } = channel.recent
  await pass(100)
  expect(channel.recent.head).toBe(head)
})
