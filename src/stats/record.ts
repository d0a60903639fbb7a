/** Statistics as clients read them: Ably's flat entries, and the nested members of earlier versions (TS12, TS4 to TS9). */
import { type Unit, endOf, intervalId, startOf } from './interval.ts'
import { type Numbers, shown } from './numbers.ts'

/** What was counted in an interval. */
export interface IntervalNumbers {
  readonly unit: Unit
  /** Milliseconds since the epoch. */
  readonly start: number
  readonly numbers: Numbers
}

export interface StatsRecord {
  readonly intervalId: string
  readonly unit: Unit
  readonly schema: string
  readonly entries: Numbers
  /** The last minute that is included, for an interval that is still in progress (TS12q). */
  readonly inProgress?: string
}

const SCHEMA = 'https://schemas.ably.com/json/app-stats-0.0.5.json'

export function statsRecord({ unit, start, numbers }: IntervalNumbers, now: number): StatsRecord {
  const lasts = start <= now && now < endOf(unit, start)
  return {
    intervalId: intervalId(unit, start),
    unit,
    schema: SCHEMA,
    entries: shown(numbers),
    ...(lasts && { inProgress: intervalId('minute', startOf('minute', now)) }),
  }
}

interface Nested {
  [member: string]: number | Nested
}

/** Where earlier versions have entries. Their token requests are beside all other requests. */
const PLACES: readonly (readonly [prefix: string, place: string])[] = [
  ['messages.', ''],
  ['apiRequests.other.', 'apiRequests.'],
  ['apiRequests.tokenRequests.', 'tokenRequests.'],
  ['connections.', 'connections.'],
  ['channels.', 'channels.'],
  ['count', 'count'],
]

/** The nested form that clients of earlier versions read, among them ably-go. */
export function nestedNumbers(entries: Numbers): Nested {
  const nested: Nested = {}
  for (const [name, value] of Object.entries(entries)) {
    const path = pathOf(name)
    if (path) put(nested, path, value)
  }
  return nested
}

const paths = new Map<string, readonly string[] | undefined>()

/** Path of an entry in a nested record, if it has one. Cached, for there are only a few hundred names. */
function pathOf(name: string): readonly string[] | undefined {
  if (!paths.has(name)) {
    const place = PLACES.find(([prefix]) => name.startsWith(prefix))
    paths.set(name, place && `${place[1]}${name.slice(place[0].length)}`.split('.'))
  }
  return paths.get(name)
}

function put(nested: Nested, path: readonly string[], value: number): void {
  let inner = nested
  const last = path.length - 1
  for (let i = 0; i < last; i++) inner = (inner[path[i]!] ??= {}) as Nested
  inner[path[last]!] = value
}

/** The numbers of a nested record by the names of entries. Misplaced members are undefined. */
export function numberAt(nested: Readonly<Record<string, unknown>>, name: string): unknown {
  return pathOf(name)?.reduce<unknown>(
    (inner, member) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Record<string, unknown>)[member]
        : undefined,
    nested,
  )
}
