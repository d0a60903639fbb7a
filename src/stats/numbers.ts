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
/** What traffic is told of apart from the rest of its kind: messages that were sent as a delta. */
export const CATEGORIES = ['category.delta'] as const
/** Of attempts to make a delta. */
export const DELTA_OUTCOMES = ['succeeded', 'skipped', 'failed'] as const
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

/** @param path transport, kind and measure; without the transport where what was persisted is counted, or all of it */
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

/** A part, and the whole where that is something else. */
function withAll(part: string): string[] {
  return part === 'all' ? ['all'] : [part, 'all']
}

/** Peaks of parts come to no peak of the whole, since they need not have been at the same time. */
function isTurn(measure: string): boolean {
  return (TURNS as readonly string[]).includes(measure)
}
