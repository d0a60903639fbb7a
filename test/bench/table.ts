/** Turns the samples of all rounds into figures, verdicts and a table for a terminal. */
import type { Metric, Pair, Sample } from './benchmark.ts'
import { type Spread, spread } from './statistics.ts'

/** Whether our targets against the bare server are reached, or whether one checkout is as good as another. */
export type Question = 'target' | 'no slower'

/** What one checkout has to reach of another; where the spread of `--self-check` is wider, that decides. */
export const NO_SLOWER = 0.97

export interface Verdict {
  /** What was to be reached, in words. */
  readonly wanted: string
  readonly reached: number
  readonly pass: boolean
}

export interface Figure extends Pair<Spread> {
  readonly metric: Metric
  /** Of ours to the other's, by round: what one round's noise did to both cancels out. */
  readonly ratio: Spread
  readonly verdict: Verdict | undefined
}

export function figures(
  metrics: readonly Metric[],
  rounds: readonly Pair<Sample>[],
  question: Question,
): Figure[] {
  return metrics.map((metric) => {
    const pairs = rounds.map(({ ours, other }) => ({
      ours: ours[metric.key]!,
      other: other[metric.key]!,
    }))
    const compared = {
      ours: spread(pairs.map((pair) => pair.ours)),
      other: spread(pairs.map((pair) => pair.other)),
      ratio: spread(pairs.map((pair) => pair.ours / pair.other)),
      excess: spread(pairs.map((pair) => pair.ours - pair.other)),
    }
    const verdict =
      question === 'target' ? targetVerdict(metric, compared) : paceVerdict(metric, compared)
    const { ours, other, ratio } = compared
    return { metric, ours, other, ratio, verdict }
  })
}

/** Lines of text: one table of a benchmark's figures. */
export function table(headings: Pair<string>, rows: readonly Figure[]): string {
  const lines = rows.map((row) => [
    row.metric.label,
    spreadText(row.ours, row.metric.digits),
    spreadText(row.other, row.metric.digits),
    Number.isFinite(row.ratio.median) ? spreadText(row.ratio, 2) : '-',
    row.verdict ? verdictText(row.verdict) : '',
  ])
  const cells = [['', headings.ours, headings.other, 'ratio', 'verdict'], ...lines]
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

interface Compared extends Pair<Spread> {
  readonly ratio: Spread
  readonly excess: Spread
}

function targetVerdict({ target }: Metric, compared: Compared): Verdict | undefined {
  if (target === undefined) return undefined
  const { excess, ours, ratio } = compared
  const reached = { ratio, excess, value: ours }[target.of].median
  const pass = target.is === 'at least' ? reached >= target.limit : reached <= target.limit
  const sign = target.is === 'at least' ? '>=' : '<='
  return { wanted: `${target.of} ${sign} ${target.limit}`, reached, pass }
}

function paceVerdict({ better }: Metric, { ratio }: Compared): Verdict | undefined {
  if (better === undefined || !Number.isFinite(ratio.median)) return undefined
  const reached = better === 'more' ? ratio.median : 1 / ratio.median
  return { wanted: `>= ${NO_SLOWER} of the other`, reached, pass: reached >= NO_SLOWER }
}

function verdictText({ wanted, reached, pass }: Verdict): string {
  return `${pass ? 'PASS' : 'MISS'} ${wanted} (${reached.toFixed(2)})`
}

function spreadText({ median, least, most }: Spread, digits: number): string {
  return least === most
    ? median.toFixed(digits)
    : `${median.toFixed(digits)} [${least.toFixed(digits)}-${most.toFixed(digits)}]`
}
