/** What a channel of each kind takes in memory, and whether it is more where there are many. */
import type { Benchmark, Metric, Sample, Scale, Session, Variant } from './benchmark.ts'
import { runWorker } from './server.ts'

/** Bytes that a channel may take in the heap; the sockets of its members and their sessions are not in it. */
const metric = (key: string, label: string, limit: number): Metric => ({
  key,
  better: 'less',
  label: `bytes: ${label}`,
  digits: 0,
  target: { of: 'value', is: 'at most', limit },
})

export const channels: Benchmark = {
  name: 'channels',
  summary: 'memory of a channel of each kind in the core, among 100,000 like it',
  columns: { ours: '100,000', other: '10,000' },
  metrics: [
    metric('commons', 'one of the commons, with its only member', 1700),
    metric('open', 'one of an app, which nobody is on', 700),
    metric('published', 'one of an app, with a message that it remembers', 2400),
    metric('attached', 'one of an app, with somebody attached', 1800),
    metric('linked', 'one of a linked reservation, with its only member', 4600),
  ],
  roundsAtMost: 2,
  parts: 1,
  open,
}

function open(variant: Variant, scale: Scale): Promise<Session> {
  const among = (variant.kind === 'ours' ? 100_000 : 10_000) / (scale.quick ? 10 : 1)
  let sample: Sample = {}
  return Promise.resolve({
    part: async () => {
      sample = await measure(variant, among)
    },
    sample: () => sample,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  })
}

async function measure({ checkout }: Variant, among: number): Promise<Sample> {
  const found: [string, number][] = []
  for (const { key } of channels.metrics) {
    const bytes = await runWorker(checkout, 'channels-worker.ts', [key, String(among)])
    found.push([key, Number(bytes)])
  }
  return Object.fromEntries(found)
}
