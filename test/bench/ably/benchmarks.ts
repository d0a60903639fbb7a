/** The benchmarks of the realtime protocol, as SDKs speak it: JSON and MessagePack, with acknowledgements. */
import type { Format } from '../../../src/protocol/ably/wire/format.ts'
import type { Benchmark } from '../benchmark.ts'
import { fanoutMetrics, openFanout } from '../fanout.ts'
import { joinMetrics, openJoins } from '../joins.ts'
import { LATENCY_METRICS, openLatency } from '../latency.ts'
import { memoryMetrics, openMemory } from '../memory.ts'
import { openRooms, roomsMetrics } from '../rooms.ts'
import { deltas } from './deltas.ts'
import { ablyDoor } from './door.ts'
import { presenceChurn } from './presence-churn.ts'
import { roomsStage } from './rooms.ts'
import { crowdStage, startApp } from './stage.ts'

type Sized = Pick<Benchmark, 'name' | 'parts'> & Partial<Benchmark>

const JSON_ONLY: readonly Format[] = ['json']
const MSGPACK_ONLY: readonly Format[] = ['msgpack']
const BOTH: readonly Format[] = ['json', 'msgpack']
const AT_LEAST = { of: 'ratio', is: 'at least', limit: 0.85 } as const
const FANOUT_METRICS = fanoutMetrics({ burstRate: AT_LEAST, loneRate: AT_LEAST })
const MEMORY_LIMIT_KB = 4
const ROOMS_WARM_UP = 12

export const realtime: readonly Benchmark[] = [
  fanoutTo(1000, JSON_ONLY, { name: 'realtime-fanout-json', parts: 8, metrics: FANOUT_METRICS }),
  fanoutTo(1000, MSGPACK_ONLY, {
    name: 'realtime-fanout-msgpack',
    parts: 8,
    metrics: FANOUT_METRICS,
  }),
  fanoutTo(1000, BOTH, { name: 'realtime-fanout-mixed', parts: 8, metrics: FANOUT_METRICS }),
  {
    name: 'realtime-rooms',
    summary:
      '1,000 channels of 2 attached clients, each publishing in turn, 1,000 messages in flight',
    metrics: roomsMetrics(),
    parts: 8,
    open: async (variant, scale) =>
      openRooms(await roomsStage(variant), scale.seconds, ROOMS_WARM_UP),
  },
  {
    name: 'realtime-latency',
    summary: 'publish to delivery, 50 messages a second to 1,000 attached clients',
    metrics: LATENCY_METRICS,
    parts: 4,
    roundsAtMost: 3,
    open: async (variant, scale) => {
      const { server, key } = await startApp(variant)
      const door = ablyDoor({ key, formats: JSON_ONLY })
      return openLatency(
        await crowdStage({ server, door, formats: JSON_ONLY }, 1000),
        scale.seconds,
      )
    },
  },
  {
    name: 'realtime-connect',
    summary:
      'connecting with a key and attaching, 100 at a time, 4 clients on each of 1,000 channels',
    metrics: joinMetrics(undefined),
    parts: 4,
    roundsAtMost: 3,
    open: async (variant, scale) => {
      const { server, key } = await startApp(variant)
      return openJoins(server, ablyDoor({ key, formats: JSON_ONLY }), scale)
    },
  },
  {
    name: 'realtime-memory',
    summary: '10,000 idle clients, each attached to one of 1,000 channels',
    metrics: memoryMetrics(MEMORY_LIMIT_KB),
    parts: 1,
    roundsAtMost: 2,
    open: async (variant, scale) => {
      const { server, key } = await startApp(variant)
      return openMemory(server, ablyDoor({ key, formats: JSON_ONLY, named: true }), scale)
    },
  },
  presenceChurn,
  deltas,
  fanoutTo(10, JSON_ONLY, { name: 'realtime-sweep-10', parts: 4, roundsAtMost: 2 }),
  fanoutTo(100, JSON_ONLY, { name: 'realtime-sweep-100', parts: 4, roundsAtMost: 2 }),
  fanoutTo(10_000, JSON_ONLY, { name: 'realtime-sweep-10000', parts: 1, roundsAtMost: 1 }),
]

function fanoutTo(subscribers: number, formats: readonly Format[], sized: Sized): Benchmark {
  // A single part must be long enough on its own.
  const stretch = sized.parts > 1 ? 1 : 4
  const inFormats = formats.map((format) => (format === 'json' ? 'JSON' : 'MessagePack'))
  return {
    summary: `1 publisher to ${subscribers.toLocaleString('en')} attached clients, 200-byte messages in ${inFormats.join(' and ')}`,
    metrics: fanoutMetrics(),
    open: async (variant, scale) => {
      const { server, key } = await startApp(variant)
      const door = ablyDoor({ key, formats })
      const stage = await crowdStage({ server, door, formats }, subscribers)
      return openFanout(stage, scale.seconds * stretch)
    },
    ...sized,
  }
}
