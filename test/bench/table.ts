/** Turns the samples of all rounds into figures, verdicts and a table for a terminal. */
import type { Benchmark, Metric, Sample, Target, Variant } from './benchmark.ts'
import { type Spread, spread } from './statistics.ts'

/** The samples of one round, both variants. */
export type Round = Readonly<Record<Variant, Sample>>

export interface Verdict {
  readonly target: Target
  readonly reached: number
  readonly pass: boolean
}

export interface Figure {
  readonly metric: Metric
  readonly ours: Spread
  readonly bare: Spread
  /** Of ours to the other's, by round: what one round's noise did to both cancels out. */
  readonly ratio: Spread
  readonly verdict: Verdict | undefined
}

export function figures(benchmark: Benchmark, rounds: readonly Round[]): Figure[] {
  return benchmark.metrics.map((metric) => {
    const { key } = metric
    const ours = spread(rounds.map((round) => round.ours[key]!))
    const bare = spread(rounds.map((round) => round.bare[key]!))
    const ratio = spread(rounds.map((round) => round.ours[key]! / round.bare[key]!))
    const excess = spread(rounds.map((round) => round.ours[key]! - round.bare[key]!))
    const reached = { ratio: ratio.median, excess: excess.median, value: ours.median }
    const { target } = metric
    const verdict = target && judge(target, reached[target.of])
    return { metric, ours, bare, ratio, verdict }
  })
}

/** Lines of text: one table of a benchmark's figures. */
export function table(benchmark: Benchmark, rows: readonly Figure[]): string {
  const [ours, bare] = benchmark.columns ?? ['latchkey', 'bare Bun.serve']
  const lines = rows.map((row) => [
    row.metric.label,
    spreadText(row.ours, row.metric.digits),
    spreadText(row.bare, row.metric.digits),
    Number.isFinite(row.ratio.median) ? row.ratio.median.toFixed(2) : '-',
    row.verdict ? verdictText(row.verdict) : '',
  ])
  const cells = [['', ours, bare, 'ratio', 'target'], ...lines]
  const widths = cells[0]!.map((_, at) => Math.max(...cells.map((line) => line[at]!.length)))
  return cells
    .map((line) => {
      const [label, ...rest] = line.map((cell, at) =>
        at === 0 || at === 4 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!),
      )
      return `  ${[label, ...rest].join('  ').trimEnd()}`
    })
    .join('\n')
}

function judge(target: Target, reached: number): Verdict {
  const pass = target.is === 'at least' ? reached >= target.limit : reached <= target.limit
  return { target, reached, pass }
}

function verdictText({ target, reached, pass }: Verdict): string {
  const sign = target.is === 'at least' ? '>=' : '<='
  const got = target.of === 'excess' ? ` (${reached >= 0 ? '+' : ''}${reached.toFixed(2)})` : ''
  return `${pass ? 'PASS' : 'MISS'} ${target.of} ${sign} ${target.limit}${got}`
}

function spreadText({ median, least, most }: Spread, digits: number): string {
  return least === most
    ? median.toFixed(digits)
    : `${median.toFixed(digits)} [${least.toFixed(digits)}-${most.toFixed(digits)}]`
}
