/** Numbers, lists and names as people read them. */
import type { Account } from '../service/accounts/accounts.ts'

/** `1 channel`, `2 channels` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** The first account is the server's own, and no name says more; the others go by theirs. */
export function accountText({ role, name }: Account): string {
  return role === 'owner' ? 'this server' : name
}

/** `0.4`, `12`, `1,340`; nothing worth telling is `0`. */
export function rateText(rate: number): string {
  if (rate < 0.05) return '0'
  return rate.toLocaleString('en', { maximumFractionDigits: rate < 10 ? 1 : 0 })
}

const RULES: Readonly<Record<string, string>> = {
  namespace: 'reservation',
  parent: 'reservation above',
  ephemeral: 'keys of the first member',
  open: 'open channel',
  closed: 'channels must be reserved',
  app: 'its app',
}

/** The access rule that decides on a channel of the commons, in a word or two. */
export function ruleText(rule: string): string {
  return RULES[rule] ?? rule
}

const SIZES = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1000],
] as const

/** `17 B`, `3.4 kB` */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const [unit, size] = SIZES.find(([, least]) => bytes >= least) ?? SIZES[2]
  return `${(bytes / size).toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`
}

/** `a, b and c` */
export function enumeration(items: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction', style: 'long' })
    .format(items)
    .replace(/, and /, ' and ')
}

/** `3 d 4 h`, `12 min`, `40 s` */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  const shown = parts.slice(first < 0 ? 3 : first).slice(0, 2)
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ')
}

export type IntervalUnit = 'minute' | 'hour' | 'day' | 'month'

const INTERVALS: Readonly<Record<IntervalUnit, Intl.DateTimeFormat>> = {
  minute: utc({ hour: '2-digit', minute: '2-digit' }),
  hour: utc({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
  day: utc({ day: 'numeric', month: 'short' }),
  month: utc({ month: 'short', year: 'numeric' }),
}

function utc(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' })
}

/** The beginning of an interval in UTC, as short as its unit allows: `13:51`, `22 Nov, 13:00`, `22 Nov`, `Nov 2026`. */
export function intervalText(unit: IntervalUnit, start: number): string {
  return INTERVALS[unit].format(start)
}
