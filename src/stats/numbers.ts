/**
 * The numbers of an app and an interval, by dotted names as in Ably's statistics. What is nought is left out.
 *
 * A total such as `messages.inbound.all.all.count` is worked out when it is shown. Where it is stored, it holds
 * only what belongs to none of its parts, so that adding records up never counts anything twice.
 */

export type Numbers = Record<string, number>

export const TRANSPORTS = [
  'realtime',
  'rest',
  'webhook',
  'sharedQueue',
  'externalQueue',
  'httpEvent',
  'push',
] as const
export const KINDS = ['messages', 'presence', 'objects'] as const
export const TRAFFIC = [
  'count',
  'data',
  'uncompressedData',
  'billableCount',
  'failed',
  'refused',
] as const
/** Of requests; `push` are those of push administration, `other` all that have no name of their own. */
export const REQUEST_KINDS = ['tokenRequests', 'push', 'other'] as const
export const OUTCOMES = ['succeeded', 'failed', 'refused'] as const
export const CONNECTION_KINDS = ['tls', 'plain'] as const
/** What happened to connections and channels; how many there were at a time is told by `peak` and so on. */
export const TURNS = ['opened', 'failed', 'refused'] as const

/** A mean is kept as what it is the quotient of: that can be added up. */
const SUM = '.sum'
const SAMPLES = '.samples'

/** What a number of one record and the same of another come to. */
export function combine(name: string, one: number | undefined, other: number): number {
  if (one === undefined) return other
  if (name.endsWith('.peak')) return Math.max(one, other)
  return name.endsWith('.min') ? Math.min(one, other) : one + other
}

/** Adds one record to another, in place. */
export function addTo(total: Numbers, more: Numbers): void {
  for (const name of Object.keys(more)) total[name] = combine(name, total[name], more[name]!)
}

/** Whether a number only says how a mean is made up, and changes at every sample. */
export function isSample(name: string): boolean {
  return name.endsWith(SUM) || name.endsWith(SAMPLES)
}

/** All the numbers that people see: with totals and means, without what is nought. */
export function shown(numbers: Numbers): Numbers {
  const entries: Numbers = {}
  for (const name of Object.keys(numbers)) {
    const value = numbers[name]!
    if (name.endsWith(SUM)) {
      const samples = numbers[name.slice(0, -SUM.length) + SAMPLES] ?? 0
      if (value > 0 && samples > 0) entries[`${name.slice(0, -SUM.length)}.mean`] = value / samples
    } else if (value !== 0 && !name.endsWith(SAMPLES)) {
      for (const total of totalsOf(name)) entries[total] = (entries[total] ?? 0) + value
    }
  }
  return entries
}

const known = new Map<string, readonly string[]>()

/** A number and the totals it counts in. There are a few hundred names, which the tables above span. */
export function totalsOf(name: string): readonly string[] {
  let totals = known.get(name)
  if (totals === undefined) known.set(name, (totals = findTotals(name.split('.'))))
  return totals
}

function findTotals([first = '', second = '', ...rest]: readonly string[]): readonly string[] {
  const measure = rest.at(-1) ?? ''
  const named = (...parts: string[]) => [first, ...parts, measure].join('.')
  const both = (part: string) => new Set([part, 'all'])
  if (first === 'messages' && rest.length === 3) {
    const [transport, kind] = rest as [string, string, string]
    const traffic = [...both(transport)].flatMap((one) =>
      [...both(kind)].map((other) => named(second, one, other)),
    )
    return [...traffic, ...[...both(kind)].map((one) => named('all', one))]
  }
  if (first === 'messages') return [...both(rest[0]!)].map((kind) => named(second, kind))
  const isTotalled = first === 'apiRequests' || (first === 'connections' && isTurn(measure))
  return isTotalled
    ? [...both(second)].map((kind) => named(kind))
    : [[first, second, ...rest].join('.')]
}

/** Peaks of parts come to no peak of the whole, since they need not have been at the same time. */
function isTurn(measure: string): boolean {
  return (TURNS as readonly string[]).includes(measure)
}
