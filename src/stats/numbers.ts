/**
 * The numbers of an app and an interval, by dotted names as in Ably's statistics. Zeros are left out.
 *
 * A total such as `messages.inbound.all.all.count` is computed when it is shown. A stored total holds
 * only what belongs to none of its parts, so that adding up records never counts anything twice.
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
/** Traffic that is also counted by itself: messages that were sent as a delta. */
export const CATEGORIES = ['category.delta'] as const
/** Outcomes of attempts to make a delta. */
export const DELTA_OUTCOMES = ['succeeded', 'skipped', 'failed'] as const
/** Kinds of requests: `push` are those of push administration, `other` those without a kind of their own. */
export const REQUEST_KINDS = ['tokenRequests', 'push', 'other'] as const
export const OUTCOMES = ['succeeded', 'failed', 'refused'] as const
export const CONNECTION_KINDS = ['tls', 'plain'] as const
/** Counts of connections and channels; `peak`, `min` and `mean` say how many there were at a time. */
export const TURNS = ['opened', 'failed', 'refused'] as const

/** A mean is stored as its sum and its number of samples, which can be added up. */
const SUM = '.sum'
const SAMPLES = '.samples'

/** Combines a number of two records. */
export function combine(name: string, one: number | undefined, other: number): number {
  if (one === undefined) return other
  if (name.endsWith('.peak')) return Math.max(one, other)
  return name.endsWith('.min') ? Math.min(one, other) : one + other
}

/** Adds one record to another, in place. */
export function addTo(total: Numbers, more: Numbers): void {
  for (const name of Object.keys(more)) total[name] = combine(name, total[name], more[name]!)
}

/** Whether a number is part of a mean and so changes with every sample. */
export function isSample(name: string): boolean {
  return name.endsWith(SUM) || name.endsWith(SAMPLES)
}

/** The numbers as they are shown: with totals and means, without zeros. */
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

/** A name and the totals that include it. There are a few hundred names, all combinations of the tables above. */
export function totalsOf(name: string): readonly string[] {
  let totals = known.get(name)
  if (totals === undefined) known.set(name, (totals = findTotals(name)))
  return totals
}

function findTotals(name: string): readonly string[] {
  const [first = '', second = '', ...rest] = name.split('.')
  if (first === 'messages') return second === 'processed' ? [name] : totalsOfTraffic(second, rest)
  const measure = rest.at(-1) ?? ''
  const isTotalled = first === 'apiRequests' || (first === 'connections' && isTurn(measure))
  return isTotalled ? withAll(second).map((kind) => `${first}.${kind}.${measure}`) : [name]
}

/** @param path transport, kind and measure; without a transport for persisted messages and for all of them */
function totalsOfTraffic(direction: string, path: readonly string[]): readonly string[] {
  const isByTransport = direction === 'inbound' || direction === 'outbound'
  const [transport = '', kind = '', ...measure] = isByTransport ? path : ['', ...path]
  const named = (...parts: string[]) => ['messages', ...parts, ...measure].join('.')
  if (!isByTransport) return withAll(kind).map((one) => named(direction, one))
  const traffic = withAll(transport).flatMap((one) =>
    withAll(kind).map((other) => named(direction, one, other)),
  )
  return [...traffic, ...withAll(kind).map((one) => named('all', one))]
}

/** A part and, if different, its whole. */
function withAll(part: string): string[] {
  return part === 'all' ? ['all'] : [part, 'all']
}

/** Peaks of parts do not add up to a peak of the whole, because they may be of different moments. */
function isTurn(measure: string): boolean {
  return (TURNS as readonly string[]).includes(measure)
}
