/** Draws charts from the tables below them, in the colours of the page, with the values under the pointer. */
import UPlot from 'uplot'

const HEIGHT = 170
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })
const BYTES: readonly (readonly [unit: string, size: number])[] = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1000],
]

interface Drawn {
  readonly place: HTMLElement
  readonly plot: UPlot
}

function drawAll(): void {
  const drawn = [...document.querySelectorAll<HTMLElement>('[data-chart]')].map(draw)
  const sized = new ResizeObserver(() => {
    for (const { place, plot } of drawn) fit(place, plot)
  })
  for (const { place } of drawn) sized.observe(place)
  // The page may turn dark while it is open.
  const redraw = () => {
    for (const { plot } of drawn) plot.redraw(false)
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
  new MutationObserver(redraw).observe(document.documentElement, {
    attributeFilter: ['data-theme'],
  })
}

function draw(figure: HTMLElement): Drawn {
  const place = figure.querySelector<HTMLElement>('.plot')!
  const rows = [...figure.querySelectorAll<HTMLElement>('tr[data-time]')]
  const values = [...figure.querySelectorAll<HTMLElement>('.legend [data-value]')]
  const summaries = values.map((value) => value.textContent ?? '')
  const columns = values.map((_, column) =>
    rows.map((row) => Number(row.querySelectorAll<HTMLElement>('td')[column]?.dataset['value'])),
  )
  const times = rows.map((row) => Number(row.dataset['time']) / 1000)
  place.replaceChildren()
  const plot = new UPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      padding: [8, 6, 0, 0],
      cursor: { y: false, drag: { setScale: false }, sync: { key: 'latchkey' } },
      scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] } },
      axes: [
        axis(place, { size: 26, space: 64, values: moments(figure) }),
        axis(place, { size: 56, values: amounts(figure), ...steps(figure) }),
      ],
      series: [{}, ...columns.map((_, index) => line(place, index))],
      hooks: { setCursor: [({ cursor }) => tell(cursor.idx)] },
    },
    [times, ...columns],
    place,
  )
  /** Shows the values under the pointer, or the totals without one. */
  function tell(row: number | null | undefined): void {
    const cells = row == null ? undefined : rows[row]?.querySelectorAll('td')
    for (const [index, value] of values.entries())
      value.textContent = cells?.[index]?.textContent ?? summaries[index] ?? ''
  }
  return { place, plot }
}

function fit(place: HTMLElement, plot: UPlot): void {
  const { clientWidth: width } = place
  if (width > 0 && width !== plot.width) plot.setSize({ width, height: HEIGHT })
}

const clock = utc({ hour: '2-digit', minute: '2-digit' })
const day = utc({ day: 'numeric', month: 'short' })
const month = utc({ month: 'short', year: '2-digit' })

function utc(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' })
}

/** Labels of times as in the table; midnight shows its day. */
function moments(figure: HTMLElement): NonNullable<UPlot.Axis['values']> {
  const unit = figure.dataset['unit']
  const isClock = (seconds: number) =>
    unit === 'minute' || (unit === 'hour' && seconds % 86_400 !== 0)
  return (_, marks) =>
    marks.map((seconds) =>
      (unit === 'month' ? month : isClock(seconds) ? clock : day).format(seconds * 1000),
    )
}

/** Counts have no fractions, so the axis shows none. */
function steps(figure: HTMLElement): UPlot.Axis {
  const isWhole = /^(count|bytes)/.test(figure.dataset['chart'] ?? '')
  const incrs = Array.from({ length: 13 }, (_, digits) =>
    [1, 2, 5].map((one) => one * 10 ** digits),
  )
  return isWhole ? { incrs: incrs.flat() } : {}
}

/** With the units of the numbers above the chart. */
function amounts(figure: HTMLElement): NonNullable<UPlot.Axis['values']> {
  const measure = figure.dataset['chart'] ?? ''
  if (measure.startsWith('bytes')) return (_, marks) => marks.map(sizeOf)
  const unit = measure === 'milliseconds' ? ' ms' : ''
  // A thousand is the same k as that of kB.
  return (_, marks) =>
    marks.map((mark) => compact.format(mark).replace('K', 'k') + (mark > 0 ? unit : ''))
}

function sizeOf(bytes: number): string {
  const [unit, size] = BYTES.find(([, least]) => bytes >= least) ?? ['B', 1]
  return bytes === 0 ? '0' : `${compact.format(bytes / size)} ${unit}`
}

function axis(place: HTMLElement, more: UPlot.Axis): UPlot.Axis {
  return {
    stroke: () => colour(place, '--faint'),
    font: `12px ${getComputedStyle(place).fontFamily}`,
    grid: { stroke: () => colour(place, '--line'), width: 1 },
    ticks: { show: false },
    ...more,
  }
}

function line(place: HTMLElement, index: number): UPlot.Series {
  const stroke = () => colour(place, `--series-${index + 1}`)
  return {
    stroke,
    width: 1.75,
    points: { show: false },
    // The first is what the chart is about; the others are told apart by their dashes too.
    ...(index === 0
      ? { fill: () => `color-mix(in srgb, ${stroke()} 12%, transparent)` }
      : {
          dash:
            [
              [6, 3],
              [2, 3],
            ][index - 1] ?? [],
        }),
  }
}

/** A colour of the page as it is now, light or dark. */
function colour(place: HTMLElement, name: string): string {
  const probe = document.createElement('i')
  probe.style.color = `var(${name})`
  place.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

drawAll()
