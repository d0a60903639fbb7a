/** Members that come and go on a channel where everybody watches who is present. */
import type { Benchmark, Scale, Session, Variant } from '../benchmark.ts'
import { serverFrameBytes } from '../payload.ts'
import { joinAll } from '../peer.ts'
import { flow, settle, type Stage } from '../pump.ts'
import { Tally } from '../stopwatch.ts'
import { PRESENCE_CHANNEL } from './bare.ts'
import { ablyDoor } from './door.ts'
import { deliveredChange, presenceAck } from './frames.ts'
import { presenceSender } from './sender.ts'
import { startApp } from './stage.ts'

const MEMBERS = 250
const IN_FLIGHT = 50
const WARM_UP = 8

export const presenceChurn: Benchmark = {
  name: 'realtime-presence',
  summary: `${MEMBERS} members who leave and enter in turn, ${IN_FLIGHT} changes in flight`,
  metrics: [
    { key: 'rate', better: 'more', label: 'k changes/s', digits: 2 },
    { key: 'cpu', better: 'less', label: 'server CPU s per million deliveries', digits: 3 },
    { key: 'load', label: 'load of the server', digits: 2 },
  ],
  parts: 8,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const loop = { ...(await churnStage(variant)), window: IN_FLIGHT }
  await flow(loop, scale.seconds * WARM_UP)
  const tally = new Tally()
  return {
    part: async () => {
      const done = await flow(loop, scale.seconds)
      tally.add(done.messages, done)
    },
    sample: () => ({
      rate: tally.perSecond / 1000,
      cpu: (tally.cpuEach * 1e6) / MEMBERS,
      load: tally.load,
    }),
    [Symbol.asyncDispose]: () => loop.server[Symbol.asyncDispose](),
  }
}

/** Everybody is a member and hears of all members; whoever made a change is acknowledged besides. */
async function churnStage(variant: Variant): Promise<Stage> {
  const { server, key } = await startApp(variant)
  const names = Array.from({ length: MEMBERS }, () => PRESENCE_CHANNEL)
  const crowd = await joinAll(server.port, names, ablyDoor({ key, formats: ['json'], named: true }))
  const change = crowd.peers.map((peer) => presenceSender(peer, 'json'))
  let turn = 0
  const publish = (count: number) => {
    for (let i = 0; i < count; i++) change[turn++ % MEMBERS]!(1)
  }
  await settle(crowd)
  const before = crowd.bytes
  publish(MEMBERS)
  await settle(crowd)
  const bytesPerMessage =
    serverFrameBytes(deliveredChange(PRESENCE_CHANNEL, 'json')) * MEMBERS +
    serverFrameBytes(presenceAck('json'))
  if (crowd.bytes - before !== bytesPerMessage * MEMBERS)
    throw new Error('entering does not make the frames that are to be counted')
  return { server, crowd, publish, bytesPerMessage }
}
