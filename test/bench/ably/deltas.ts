/** What it costs to say only what changed, and what it saves on the wire. */
import type { Benchmark, Scale, Session, Variant } from '../benchmark.ts'
import { fanoutMetrics, openFanout } from '../fanout.ts'
import { joinAll } from '../peer.ts'
import { settle, type Stage } from '../pump.ts'
import { ablyDoor } from './door.ts'
import type { Published } from './frames.ts'
import { messageSender } from './sender.ts'
import { startApp } from './stage.ts'

const SUBSCRIBERS = 1000
const CHANNEL = 'bench:deltas'
const PRICES = 60
const CHANGING = 6

/** Two states of a table of prices, which differ in a tenth of them. */
const STATES = ['100.25', '101.75'].map((price) => [table(price)])

export const deltas: Benchmark = {
  name: 'realtime-delta',
  summary: `1 publisher to ${SUBSCRIBERS.toLocaleString('en')} attached clients, 2-KB messages of which a tenth changes`,
  columns: { ours: 'delta=vcdiff', other: 'without' },
  metrics: [
    { key: 'bytes', label: 'bytes of a delivery', digits: 0, better: 'less' },
    ...fanoutMetrics(),
  ],
  parts: 4,
  roundsAtMost: 3,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const stage = await deltaStage(variant)
  const session = await openFanout(stage, scale.seconds)
  const bytes = stage.bytesPerMessage / SUBSCRIBERS
  return { ...session, sample: () => ({ bytes, ...session.sample() }) }
}

async function deltaStage(variant: Variant): Promise<Stage> {
  const { server, key } = await startApp({ ...variant, kind: 'ours' })
  const names = Array.from({ length: SUBSCRIBERS }, () => CHANNEL)
  const plain = ablyDoor({ key, formats: ['json'] })
  const door =
    variant.kind === 'ours'
      ? ablyDoor({ key, formats: ['json'], params: { delta: 'vcdiff' } })
      : plain
  const [publisher] = (await joinAll(server.port, [CHANNEL], plain)).peers
  const crowd = await joinAll(server.port, names, door)
  const publish = messageSender(publisher!, 'json', STATES)
  const bytesOfNext = async () => {
    await settle(crowd)
    const before = crowd.bytes
    publish(1)
    await settle(crowd)
    return crowd.bytes - before
  }
  // The first is a whole message in any case.
  await bytesOfNext()
  const bytesPerMessage = await bytesOfNext()
  if ((await bytesOfNext()) !== bytesPerMessage)
    throw new Error('the messages are not of one length')
  return { server, crowd, publish, bytesPerMessage }
}

function table(price: string): Published {
  const rows = Array.from({ length: PRICES }, (_, at) => ({
    symbol: `S${String(at).padStart(3, '0')}`,
    price: at % (PRICES / CHANGING) === 0 ? price : '99.50',
  }))
  return { name: 'prices', data: JSON.stringify(rows) }
}
