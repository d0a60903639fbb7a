/**
 * A chart: lines drawn here, so that there is something to see before scripts run, the script's chart in their place,
 * and the same numbers as a table.
 */
/** @jsxImportSource hono/jsx */
import { type IntervalUnit, intervalText, rateText, sizeText } from '../format.ts'

/** `level` and `bytes-now` are values at a moment, whose sum would mean nothing. */
export type Measure = 'count' | 'bytes' | 'level' | 'bytes-now' | 'milliseconds'

export interface ChartSeries {
  readonly label: string
  readonly values: readonly number[]
}

export interface ChartData {
  readonly title: string
  readonly hint?: string | undefined
  readonly measure: Measure
  /** Length of the intervals, which decides how their labels look. */
  readonly unit: IntervalUnit
  /** When each interval began, in milliseconds since the epoch. */
  readonly times: readonly number[]
  readonly series: readonly ChartSeries[]
}

/** What a number of a chart is in words. */
export function measureText(measure: Measure, value: number): string {
  switch (measure) {
    case 'bytes':
    case 'bytes-now':
      return sizeText(Math.round(value))
    case 'milliseconds':
      return `${rateText(value)} ms`
    case 'level':
      return rateText(value)
    case 'count':
      return value.toLocaleString('en')
  }
}

export function Chart({ data }: { data: ChartData }) {
  const { title, hint, measure, series, unit } = data
  return (
    <figure class="chart" data-chart={measure} data-unit={unit}>
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend" role="list">
          {series.map(({ label, values }, index) => (
            <li class={`series-${index + 1}`}>
              {label} <strong data-value>{measureText(measure, summaryOf(measure, values))}</strong>
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="plot" aria-hidden="true">
        <Lines data={data} />
      </div>
      {hint && <p class="small faint">{hint}</p>}
      <details class="fold">
        <summary class="small">
          As a table<span class="aside">: {title}</span>
        </summary>
        <Numbers data={data} />
      </details>
    </figure>
  )
}

/** The total of counts; of values at a moment, the greatest. */
function summaryOf(measure: Measure, values: readonly number[]): number {
  return measure === 'count' || measure === 'bytes'
    ? values.reduce((sum, value) => sum + value, 0)
    : values.reduce((most, value) => Math.max(most, value), 0)
}

const WIDTH = 600
const HEIGHT = 160

function Lines({ data: { series } }: { data: ChartData }) {
  const most = Math.max(1, ...series.flatMap(({ values }) => values))
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
      {series.map(({ values }, index) => (
        <polyline class={`series-${index + 1}`} points={pointsOf(values, most)} />
      ))}
    </svg>
  )
}

function pointsOf(values: readonly number[], most: number): string {
  const step = WIDTH / Math.max(1, values.length - 1)
  return values
    .map(
      (value, index) =>
        `${round(index * step)},${round(HEIGHT - 2 - (value / most) * (HEIGHT - 6))}`,
    )
    .join(' ')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** The table below a chart; the script reads the numbers from it. */
function Numbers({ data: { measure, series, times, title, unit } }: { data: ChartData }) {
  return (
    <div class="table-wrap chart-table" tabindex={0} role="region" aria-label={title}>
      <table class="table dense">
        <thead>
          <tr>
            <th scope="col">Time (UTC)</th>
            {series.map(({ label }) => (
              <th scope="col" class="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, row) => (
            <tr data-time={time}>
              <th scope="row">{intervalText(unit, time)}</th>
              {series.map(({ label, values }) => (
                <td data-label={label} data-value={values[row]} class="number">
                  {measureText(measure, values[row] ?? 0)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
