/** While it is not known what became of an entry, its channel stays; and whatever becomes of it, somebody is told. */
import { expect, test } from 'bun:test'
import { COMMONS, type ChannelRef, channelRef } from '../../../src/core/types.ts'
import { EmbeddedEngine } from '../../../src/engine/embedded.ts'
import { CoreWorld, answered, draft, value } from '../../support/core-world.ts'
import { HeldEngine } from '../../support/engines/held.ts'

const turn = () => new Promise(setImmediate)
const plain = { batchId: undefined, ephemeral: false, connectionId: undefined, id: undefined }

function world(maxChannels = 0) {
  let engine: HeldEngine
  const bugs: unknown[] = []
  const made = new CoreWorld({
    maxChannels,
    engine: (clock, positions) => (engine = new HeldEngine(new EmbeddedEngine(clock, positions))),
    onBug: (error) => bugs.push(error),
  })
  const publish = (name: string) =>
    answered(made.publisher.publish(channelRef('app', name), { drafts: [draft()], ...plain }))
  const open = async (ref: ChannelRef) => {
    const opening = made.registry.open(ref)
    engine.release()
    const channel = await value(opening)
    await turn()
    return channel
  }
  return { bugs, engine: engine!, made, open, publish }
}

test('a run on a late engine is one, or it would show nothing', () => {
  const opened = new CoreWorld().registry.open(channelRef('app', 'room'))
  expect(opened instanceof Promise).toBe(process.env['TEST_ENGINE'] === 'late')
})

test('a channel does not give way to another while something is proposed on it', async () => {
  const { engine, made, open, publish } = world(1)
  const channel = await open(channelRef('app', 'one'))
  const published = publish('one')
  expect(await publish('two')).toMatchObject({ failure: { name: 'too_many_channels' } })
  engine.release()
  expect(await published).toMatchObject({ ok: true })
  expect(channel.isGone).toBe(false)
  await open(channelRef('app', 'two'))
  expect(channel.isGone).toBe(true)
  expect(made.pool.total).toBe(1)
})

test('a channel of the commons closes once nobody is about to join it any more', async () => {
  const { engine, made } = world()
  const opening = made.registry.open(channelRef(COMMONS, 'lobby'))
  engine.release()
  const channel = await value(opening)
  made.registry.hold(channel)
  // Whoever has opened it has had their turn.
  await turn()
  made.registry.settleMembers(channel)
  expect(channel.isGone).toBe(false)
  made.registry.letGo(channel)
  expect(channel.isGone).toBe(true)
})

test('who enters and leaves while the channel is being opened is not there', async () => {
  const { engine, made } = world()
  const ref = channelRef('app', 'room')
  const ann = { clientId: 'ann', id: undefined, data: 'x', encoding: undefined, extras: undefined }
  const origin = { connectionId: 'c1', id: 'c1:0' }
  const entered = answered(made.presence.change(ref, [{ action: 'enter', ...ann }], origin))
  const left = answered(made.presence.leave(ref, 'c1'))
  engine.release()
  await turn()
  engine.release()
  expect(await entered).toMatchObject({ ok: true })
  expect((await left).events).toHaveLength(1)
  expect(made.registry.channel(ref)?.presence.size).toBe(0)
})

test('an engine that breaks is a fault that is logged, and whoever asked is answered', async () => {
  const { bugs, engine, made, open, publish } = world()
  engine.isBroken = true
  const opening = answered(made.registry.open(channelRef('app', 'room')))
  engine.release()
  expect(await opening).toMatchObject({ failure: { name: 'internal' } })
  engine.isBroken = false
  const channel = await open(channelRef('app', 'room'))
  engine.isBroken = true
  const published = publish('room')
  engine.release()
  expect(await published).toMatchObject({ failure: { name: 'internal' } })
  expect(bugs).toHaveLength(2)
  expect(channel.proposals).toBe(0)
})
