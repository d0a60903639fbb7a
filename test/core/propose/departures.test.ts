/** Leaving is not lost while the engine refuses: it is proposed again until it is taken. */
import { expect, test } from 'bun:test'
import type { PresenceDraft } from '../../../src/core/types.ts'
import { channelRef } from '../../../src/core/types.ts'
import { EmbeddedEngine } from '../../../src/engine/embedded.ts'
import { CoreWorld, everything, listener, value } from '../../support/core-world.ts'
import { RefusingEngine } from '../../support/engines/refusing.ts'

const ref = channelRef('app', 'room')

async function world() {
  let engine: RefusingEngine
  const made = new CoreWorld({
    engine: (clock, positions) =>
      (engine = new RefusingEngine(new EmbeddedEngine(clock, positions))),
  })
  const reader = listener()
  const channel = await value(made.registry.open(ref))
  made.attachments.attach(channel, { ...everything, socket: reader })
  let serial = 0
  const change = (action: PresenceDraft['action'], ...clientIds: string[]) => {
    const drafts = clientIds.map((clientId) => draftOf(action, clientId))
    return made.presence.change(ref, drafts, { connectionId: 'c1', id: `c1:${serial++}` })
  }
  return {
    made,
    channel,
    engine: engine!,
    change,
    pass: (ms: number) => made.wheel.advance((made.now += ms) - APART_MS),
    present: () => Array.from(channel.presence.members(), ({ clientId }) => clientId),
    left: () =>
      reader.heard.flatMap((event) =>
        event.kind === 'presence'
          ? event.changes.flatMap(({ action, clientId }) => (action === 'leave' ? clientId : []))
          : [],
      ),
  }
}

function draftOf(action: PresenceDraft['action'], clientId: string): PresenceDraft {
  return {
    action,
    clientId,
    id: undefined,
    data: undefined,
    encoding: undefined,
    extras: undefined,
  }
}

/** As `clockAt` has it. */
const APART_MS = 1_000_000_000_000

test('whoever leaves while the engine refuses is taken off once it does not', async () => {
  const { made, engine, change, pass, present, left } = await world()
  await value(change('enter', 'ann', 'bob'))
  engine.fault = 'unheard'
  const receipt = made.presence.leave(ref, 'c1')
  pass(10_000)
  expect(present()).toEqual(['ann', 'bob'])
  engine.fault = 'none'
  pass(10_000)
  expect(present()).toEqual([])
  expect(left()).toEqual(['ann', 'bob'])
  expect((await receipt).events).toHaveLength(1)
})

test('what was applied and not answered is told once', async () => {
  const { made, engine, change, pass, left } = await world()
  await value(change('enter', 'ann'))
  engine.fault = 'unanswered'
  const receipt = made.presence.leave(ref, 'c1')
  engine.fault = 'none'
  pass(10_000)
  expect(left()).toEqual(['ann'])
  expect((await receipt).events).toEqual([])
})

test('tries come with growing pauses, of ten seconds at most', async () => {
  const { made, engine, change, pass } = await world()
  await value(change('enter', 'ann'))
  engine.fault = 'unheard'
  void made.presence.leave(ref, 'c1')
  for (let ticks = 0; ticks < 4 * 60; ticks++) pass(250)
  // 250 ms, twice that, and so on: six pauses make 15.75 s, and four more of ten seconds fit into a minute.
  expect(engine.proposed.filter((kind) => kind === 'departure')).toHaveLength(1 + 6 + 4)
})

test('a member who has come back meanwhile stays, and the others of its connection leave', async () => {
  const { made, engine, change, pass, present, left } = await world()
  await value(change('enter', 'ann', 'bob'))
  engine.fault = 'unheard'
  void made.presence.leave(ref, 'c1')
  engine.fault = 'none'
  await value(change('enter', 'ann'))
  pass(10_000)
  expect(present()).toEqual(['ann'])
  expect(left()).toEqual(['bob'])
})

test('a member who could not come back leaves after all', async () => {
  const { made, engine, change, pass, present } = await world()
  await value(change('enter', 'ann'))
  engine.fault = 'unheard'
  void made.presence.leave(ref, 'c1')
  expect(change('enter', 'ann')).toMatchObject({ ok: false })
  engine.fault = 'none'
  pass(10_000)
  expect(present()).toEqual([])
})

test('nothing is proposed for a channel that is gone', async () => {
  const { made, engine, change, pass } = await world()
  await value(change('enter', 'ann'))
  engine.fault = 'unheard'
  const receipt = made.presence.leave(ref, 'c1')
  made.registry.forget('app')
  const before = engine.proposed.length
  pass(10_000)
  expect(engine.proposed).toHaveLength(before)
  expect((await receipt).events).toEqual([])
})
