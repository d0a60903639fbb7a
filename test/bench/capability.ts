/** What it costs to ask whether a capability permits an operation on a channel, and whether a long one makes it slower. */
import type { Benchmark, Sample, Scale, Session, Variant } from './benchmark.ts'
import { runWorker } from './server.ts'

export const capability: Benchmark = {
  name: 'capability',
  summary: 'may somebody publish on this channel: checks of 10,000 names, a third not permitted',
  columns: { ours: '1,000 lines', other: '1 line' },
  metrics: [
    { key: 'rate', better: 'more', label: 'M checks/s', digits: 2 },
    {
      key: 'cost',
      better: 'less',
      label: 'ns per check',
      digits: 0,
      // Where there is one line, its segments are compared and not looked up, which takes half the time.
      target: { of: 'ratio', is: 'at most', limit: 2.5 },
    },
  ],
  roundsAtMost: 3,
  parts: 1,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const lines = variant.kind === 'ours' ? 1000 : 1
  let sample: Sample = {}
  return {
    part: async () => {
      sample = await check(variant, lines, scale.seconds * 4)
    },
    sample: () => sample,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function check({ checkout }: Variant, lines: number, seconds: number): Promise<Sample> {
  const parameters = [String(lines), String(seconds)]
  const cost = Number(await runWorker(checkout, 'capability-worker.ts', parameters))
  return { rate: 1000 / cost, cost }
}
