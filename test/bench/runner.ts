/** Runs a benchmark for its rounds, alternating who goes first, and prints what came out. */
import type { Benchmark, Pair, Sample, Scale, Variant } from './benchmark.ts'
import { familyCpuSeconds, machineCpuSeconds } from './server.ts'
import { type Figure, figures, type Question, table } from './table.ts'

export interface Report {
  readonly name: string
  readonly summary: string
  readonly seconds: number
  /** Processor cores that programs of others used meanwhile. */
  readonly foreignLoad: number
  readonly samples: readonly Pair<Sample>[]
  readonly figures: readonly Figure[]
}

/** What is measured, how large, and what the figures are to answer. */
export interface Run {
  readonly rounds: number
  readonly scale: Scale
  readonly variants: Pair<Variant>
  readonly question: Question
}

export async function runBenchmark(benchmark: Benchmark, run: Run): Promise<Report> {
  const { rounds, scale, variants, question } = run
  const count = Math.min(rounds, benchmark.roundsAtMost ?? rounds)
  console.log(`${benchmark.name}: ${benchmark.summary} (${count} round${count === 1 ? '' : 's'})`)
  const start = performance.now()
  const foreignBefore = machineCpuSeconds() - familyCpuSeconds()
  const measure = benchmark.parts > 1 ? takeTurns : oneAfterTheOther
  const samples: Pair<Sample>[] = []
  for (let round = 0; round < count; round++) {
    if (round % 2 === 0) {
      const [ours, other] = await measure(benchmark, scale, [variants.ours, variants.other])
      samples.push({ ours, other })
    } else {
      const [other, ours] = await measure(benchmark, scale, [variants.other, variants.ours])
      samples.push({ ours, other })
    }
  }
  const seconds = (performance.now() - start) / 1000
  const foreign = machineCpuSeconds() - familyCpuSeconds() - foreignBefore
  const foreignLoad = Math.max(0, foreign / seconds)
  const rows = figures(benchmark.metrics, samples, question)
  console.log(table(headings(benchmark, run), rows))
  console.log(
    `  took ${seconds.toFixed(0)} s; other programs used ${foreignLoad.toFixed(2)} of a core\n`,
  )
  const { name, summary } = benchmark
  return { name, summary, seconds, foreignLoad, samples, figures: rows }
}

/** Both variants in the order in which they are measured. */
type InOrder<T> = readonly [first: T, second: T]

function headings({ columns }: Benchmark, { question, variants }: Run): Pair<string> {
  const { ours, other } = variants
  return (question === 'target' && columns) || { ours: ours.heading, other: other.heading }
}

async function takeTurns(
  benchmark: Benchmark,
  scale: Scale,
  order: InOrder<Variant>,
): Promise<InOrder<Sample>> {
  await using first = await benchmark.open(order[0], scale)
  await using second = await benchmark.open(order[1], scale)
  for (let part = 0; part < benchmark.parts; part++) {
    const turn = part % 2 === 0 ? [first, second] : [second, first]
    for (const session of turn) await session.part()
  }
  return [first.sample(), second.sample()]
}

async function oneAfterTheOther(
  benchmark: Benchmark,
  scale: Scale,
  order: InOrder<Variant>,
): Promise<InOrder<Sample>> {
  const single = async (variant: Variant) => {
    await using session = await benchmark.open(variant, scale)
    await session.part()
    return session.sample()
  }
  return [await single(order[0]), await single(order[1])]
}
