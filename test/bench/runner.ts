/** Runs a benchmark for its rounds, alternating who goes first, and prints what came out. */
import type { Benchmark, Sample, Scale, Variant } from './benchmark.ts'
import { familyCpuSeconds, machineCpuSeconds } from './server.ts'
import { type Figure, figures, type Round, table } from './table.ts'

export interface Report {
  readonly name: string
  readonly summary: string
  readonly seconds: number
  /** Processor cores that programs of others used meanwhile. */
  readonly foreignLoad: number
  readonly samples: readonly Round[]
  readonly figures: readonly Figure[]
}

/** Which server a column of the table is measured on. */
export type Casting = Readonly<Record<Variant, Variant>>

export async function runBenchmark(
  benchmark: Benchmark,
  rounds: number,
  scale: Scale,
  casting: Casting,
): Promise<Report> {
  const count = Math.min(rounds, benchmark.roundsAtMost ?? rounds)
  console.log(`${benchmark.name}: ${benchmark.summary} (${count} round${count === 1 ? '' : 's'})`)
  const start = performance.now()
  const foreignBefore = machineCpuSeconds() - familyCpuSeconds()
  const measure = benchmark.parts > 1 ? takeTurns : oneAfterTheOther
  const samples: Round[] = []
  for (let round = 0; round < count; round++) {
    const order: readonly Variant[] = round % 2 === 0 ? ['ours', 'bare'] : ['bare', 'ours']
    samples.push(await measure(benchmark, scale, order, casting))
  }
  const seconds = (performance.now() - start) / 1000
  const foreign = machineCpuSeconds() - familyCpuSeconds() - foreignBefore
  const foreignLoad = Math.max(0, foreign / seconds)
  const rows = figures(benchmark, samples)
  console.log(table(benchmark, rows))
  console.log(
    `  took ${seconds.toFixed(0)} s; other programs used ${foreignLoad.toFixed(2)} of a core\n`,
  )
  const { name, summary } = benchmark
  return { name, summary, seconds, foreignLoad, samples, figures: rows }
}

async function takeTurns(
  benchmark: Benchmark,
  scale: Scale,
  order: readonly Variant[],
  casting: Casting,
): Promise<Round> {
  await using first = await benchmark.open(casting[order[0]!], scale)
  await using second = await benchmark.open(casting[order[1]!], scale)
  for (let part = 0; part < benchmark.parts; part++) {
    const turn = part % 2 === 0 ? [first, second] : [second, first]
    for (const session of turn) await session.part()
  }
  return inOrder(order, first.sample(), second.sample())
}

async function oneAfterTheOther(
  benchmark: Benchmark,
  scale: Scale,
  order: readonly Variant[],
  casting: Casting,
): Promise<Round> {
  const single = async (variant: Variant) => {
    await using session = await benchmark.open(casting[variant], scale)
    await session.part()
    return session.sample()
  }
  return inOrder(order, await single(order[0]!), await single(order[1]!))
}

function inOrder(order: readonly Variant[], first: Sample, second: Sample): Round {
  return order[0] === 'ours' ? { ours: first, bare: second } : { ours: second, bare: first }
}
