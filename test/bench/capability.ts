/** What it costs to ask whether a capability permits an operation on a channel, and whether a long one makes it slower. */
import type { Benchmark, Sample, Scale, Session, Variant } from './benchmark.ts'
import { runWorker } from './server.ts'

export const capability: Benchmark = {
  name: 'capability',
  summary: 'may somebody publish on this channel: checks of 10,000 names, a third not permitted',
  columns: ['1,000 lines', '1 line'],
  metrics: [
    { key: 'rate', label: 'M checks/s', digits: 2 },
    {
      key: 'cost',
      label: 'ns per check',
      digits: 0,
      target: { of: 'ratio', is: 'at most', limit: 2 },
    },
  ],
  roundsAtMost: 3,
  parts: 1,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  const lines = variant === 'ours' ? 1000 : 1
  let sample: Sample = {}
  return {
    part: async () => {
      sample = await check(lines, scale.seconds * 4)
    },
    sample: () => sample,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function check(lines: number, seconds: number): Promise<Sample> {
  const cost = Number(await runWorker('capability-worker.ts', String(lines), String(seconds)))
  return { rate: 1000 / cost, cost }
}
