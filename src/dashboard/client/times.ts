/** Puts times into the reader's own zone and words; the whole of it stays in the title. */
const DAY = 86_400_000
const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, ms: number])[] = [
  ['day', DAY],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })
const time = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' })
const full = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'long' })

export function times(root: ParentNode): void {
  const now = Date.now()
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[data-time]')) {
    const at = new Date(element.dateTime)
    element.title = full.format(at)
    element.textContent = element.dataset['time'] === 'exact' ? exactWords(at, now) : words(at, now)
  }
}

function exactWords(at: Date, now: number): string {
  const isToday = at.toDateString() === new Date(now).toDateString()
  return isToday ? time.format(at) : `${date.format(at)}, ${time.format(at)}`
}

function words(at: Date, now: number): string {
  const ms = at.getTime() - now
  if (Math.abs(ms) > 20 * DAY) return date.format(at)
  const step = STEPS.find(([, length]) => Math.abs(ms) >= length)
  return step ? relative.format(Math.trunc(ms / step[1]), step[0]) : 'just now'
}
