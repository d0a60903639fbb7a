/** What is counted of channels of apps: as many as there are readers, and each byte once for each of them. */
import { expect, test } from 'bun:test'
import { AppCounters } from '../../../src/core/counting/app-counters.ts'
import { AppTraffic } from '../../../src/core/counting/app-traffic.ts'
import { channelRef } from '../../../src/core/types.ts'
import { DEFAULT_RULE_SETTINGS } from '../../../src/policy/channel-rule.ts'
import { CoreWorld, draft, everything, listener, value } from '../../support/core-world.ts'

const ref = channelRef('app', 'room')

test('counts delivered messages, kept messages and channels', async () => {
  const world = new CoreWorld()
  const counters = new AppCounters()
  const count = counters.of('app')
  const traffic = new AppTraffic(counters)
  world.watchers.add(traffic)
  const channel = await value(world.registry.open(ref))
  for (let i = 0; i < 3; i++)
    world.attachments.attach(channel, { ...everything, socket: listener() })
  const publish = () =>
    value(
      world.publisher.publish(ref, {
        drafts: [draft({ name: 'ab', data: 'cde' }), draft({ data: 'f' })],
        connectionId: 'c1',
        id: undefined,
        batchId: undefined,
        ephemeral: false,
      }),
    )
  await publish()
  expect(world.delivered).toEqual([['publication', 3]])
  expect(count.persisted.messages.count).toBe(0)
  world.rule = { ...DEFAULT_RULE_SETTINGS, persisted: true }
  await publish()
  expect(count.persisted.messages).toMatchObject({ count: 2, data: 6 })
  expect(count.channels.now).toBe(1)
  const [event] = channel.recent.all()
  traffic.delivered(ref, event!, 3)
  expect(count.outbound.realtime.messages).toMatchObject({ count: 6, data: 18 })
  world.registry.forget('app')
  expect(count.channels.now).toBe(0)
})
