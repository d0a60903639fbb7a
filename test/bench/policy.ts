/** How many channels a second the policy resolves, and whether a million reservations make it slower. */
import type { Benchmark, Sample, Scale, Session, Variant } from './benchmark.ts'
import { runWorker } from './server.ts'

export const policy: Benchmark = {
  name: 'policy',
  summary:
    'which rule decides about a join: namespace lookup and verdict, a third of the names unreserved',
  columns: { ours: '1,000,000 reserved', other: '1,000 reserved' },
  metrics: [
    {
      key: 'rate',
      better: 'more',
      label: 'channels below the same 1,000 namespaces: M resolutions/s',
      digits: 2,
      target: { of: 'value', is: 'at least', limit: 2 },
    },
    {
      key: 'cost',
      better: 'less',
      label: 'the same: ns per resolution',
      digits: 0,
      target: { of: 'ratio', is: 'at most', limit: 1.5 },
    },
    {
      key: 'uniformCost',
      better: 'less',
      label: 'harder, no target: channels below all namespaces alike: ns per resolution',
      digits: 0,
    },
  ],
  roundsAtMost: 3,
  parts: 1,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const reservations = variant.kind === 'ours' ? 1_000_000 : 1000
  let sample: Sample = {}
  return {
    part: async () => {
      // Long enough for the collector to be done with what building a million of them left behind.
      sample = await resolve(variant, reservations, scale.seconds * 8)
    },
    sample: () => sample,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function resolve(
  { checkout }: Variant,
  reservations: number,
  seconds: number,
): Promise<Sample> {
  const parameters = [String(reservations), String(seconds)]
  const costs = (await runWorker(checkout, 'policy-worker.ts', parameters)) as {
    readonly hot: number
    readonly uniform: number
  }
  return { rate: 1000 / costs.hot, cost: costs.hot, uniformCost: costs.uniform }
}
