/** Objects come into memory when they are asked for, and leave it for others. */
import { expect, test } from 'bun:test'
import { ObjectLoading } from '../../../src/core/objects/loading.ts'
import type { ObjectDraft } from '../../../src/core/objects/operation.ts'
import { channelRef } from '../../../src/core/types.ts'
import { CoreWorld, value } from '../../support/core-world.ts'

const draft = (key: string, text: string): ObjectDraft => ({
  id: undefined,
  clientId: undefined,
  extras: undefined,
  operation: { action: 'map.set', objectId: 'root', key, data: { kind: 'string', value: text } },
})
const nobody = { connectionId: undefined, id: undefined }

test('those that were not asked for longest leave, and come back as they were', async () => {
  const world = new CoreWorld()
  const channels = []
  for (const name of ['a', 'b', 'c']) {
    const ref = channelRef('app', name)
    await value(world.objects.change(ref, [draft('k', name.repeat(1000))], nobody))
    channels.push(await value(world.registry.open(ref)))
  }
  const loading = new ObjectLoading(world.objectLog, 2500)
  for (const channel of channels) loading.of(channel)
  expect(channels.map(({ objects }) => objects !== undefined)).toEqual([false, true, true])
  expect(loading.of(channels[0]!).root.get('k')).toEqual({
    kind: 'string',
    value: 'a'.repeat(1000),
  })
  expect(channels.map(({ objects }) => objects !== undefined)).toEqual([true, false, true])
  expect(loading.bytes).toBeLessThanOrEqual(2500)
})

test('a channel that is let go of has its objects again when it is opened', async () => {
  const world = new CoreWorld()
  const ref = channelRef('app', 'room')
  await value(world.objects.change(ref, [draft('k', 'v')], nobody))
  world.now += 10 * 60_000
  world.registry.expire()
  expect(world.registry.channel(ref)).toBeUndefined()
  expect((await value(world.objects.read(ref))).root.get('k')).toEqual({
    kind: 'string',
    value: 'v',
  })
  await value(world.objects.change(ref, [draft('l', 'w')], nobody))
  expect([...(await value(world.objects.read(ref))).root.entries.keys()]).toEqual(['k', 'l'])
})
