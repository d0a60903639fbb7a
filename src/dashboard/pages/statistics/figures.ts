/** Which numbers of the statistics make which chart. */
import type { IntervalNumbers } from '../../../service/stats/stats.ts'
import type { ChartData, Measure } from '../../view/chart.tsx'
import type { IntervalUnit } from '../../format.ts'

interface Figure {
  readonly title: string
  readonly measure: Measure
  /** Labels, and the names of the numbers that are added up. */
  readonly series: readonly (readonly [label: string, ...names: string[]])[]
}

const FIGURES: readonly Figure[] = [
  {
    title: 'Messages',
    measure: 'count',
    series: [
      ['Received', 'messages.inbound.all.messages.count'],
      ['Delivered', 'messages.outbound.all.messages.count'],
    ],
  },
  {
    title: 'Data in messages',
    measure: 'bytes',
    series: [
      ['Received', 'messages.inbound.all.all.data'],
      ['Delivered', 'messages.outbound.all.all.data'],
    ],
  },
  {
    title: 'Connections',
    measure: 'level',
    series: [
      ['At most', 'connections.all.peak'],
      ['On average', 'connections.all.mean'],
    ],
  },
  {
    title: 'Channels',
    measure: 'level',
    series: [
      ['At most', 'channels.peak'],
      ['On average', 'channels.mean'],
    ],
  },
  {
    title: 'Presence',
    measure: 'count',
    series: [
      ['Changes', 'messages.inbound.all.presence.count'],
      ['Delivered', 'messages.outbound.all.presence.count'],
    ],
  },
  {
    title: 'Refusals',
    measure: 'count',
    series: [
      ['Messages', 'messages.all.all.refused'],
      ['Connections', 'connections.all.refused', 'channels.refused'],
      ['Requests', 'apiRequests.all.refused'],
    ],
  },
  {
    title: 'Requests over REST',
    measure: 'count',
    series: [
      ['Succeeded', 'apiRequests.all.succeeded'],
      ['Refused', 'apiRequests.all.refused'],
      ['Failed', 'apiRequests.all.failed'],
    ],
  },
]

/** @param intervals neighbours, the oldest first */
export function chartsOf(unit: IntervalUnit, intervals: readonly IntervalNumbers[]): ChartData[] {
  const times = intervals.map(({ start }) => start)
  return FIGURES.map(({ title, measure, series }) => ({
    title,
    measure,
    unit,
    times,
    series: series.map(([label, ...names]) => ({
      label,
      values: intervals.map(({ numbers }) =>
        names.reduce((sum, name) => sum + (numbers[name] ?? 0), 0),
      ),
    })),
  }))
}

export function isEmpty(charts: readonly ChartData[]): boolean {
  return charts.every(({ series }) =>
    series.every(({ values }) => values.every((one) => one === 0)),
  )
}
