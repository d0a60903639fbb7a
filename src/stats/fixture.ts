/** Reads made-up statistics for tests, in the nested form of earlier versions of the protocol. */
import { type Result, fail, ok } from '../failure.ts'
import { parseIntervalId } from './interval.ts'
import {
  CATEGORIES,
  CONNECTION_KINDS,
  DELTA_OUTCOMES,
  KINDS,
  type Numbers,
  OUTCOMES,
  REQUEST_KINDS,
  TRAFFIC,
  TRANSPORTS,
  TURNS,
  totalsOf,
} from './numbers.ts'
import { numberAt } from './record.ts'

export interface Fixture {
  /** Start of a minute, in milliseconds since the epoch. */
  readonly start: number
  readonly numbers: Numbers
}

/** A greater one would come out as another. */
const MOST = Number.MAX_SAFE_INTEGER

/** Samples of a minute, about one a second. A power of two, so that a mean is exact. */
const SAMPLES_A_MINUTE = 64

/** Records of one request. Each is written and added to its hour, day and month. */
export const MAX_FIXTURES = 250

/** Reads a list of records. Unknown members are ignored. */
export function readFixtures(value: unknown): Result<Fixture[]> {
  if (!Array.isArray(value)) return fail('bad_request', 'the body is not a list of statistics')
  if (value.length > MAX_FIXTURES)
    return fail('bad_request', `the body has more than ${MAX_FIXTURES} records of statistics`)
  const fixtures: Fixture[] = []
  for (const record of value as unknown[]) {
    const fixture = readFixture(record)
    if (!fixture.ok) return fixture
    fixtures.push(fixture.value)
  }
  return ok(fixtures)
}

function readFixture(value: unknown): Result<Fixture> {
  if (typeof value !== 'object' || value === null)
    return fail('bad_request', 'a record of statistics is not an object')
  const record = value as Readonly<Record<string, unknown>>
  const id = record['intervalId']
  const interval = typeof id === 'string' ? parseIntervalId(id) : undefined
  if (interval?.unit !== 'minute')
    return fail('bad_request', 'intervalId is a minute, such as 2026-11-22:13:51')
  const supplied = new Map<string, number>()
  for (const name of NAMES) {
    const number = numberAt(record, name) ?? 0
    if (typeof number !== 'number' || !(number >= 0 && number <= MOST))
      return fail('bad_request', `${name} is not a number from 0 to ${MOST}`)
    if (number > 0) supplied.set(name, number)
  }
  return ok({ start: interval.start, numbers: { ...counted(supplied), ...gauged(supplied) } })
}

const names = (...lists: (readonly string[])[]): string[] =>
  lists.reduce<string[]>(
    (found, list) =>
      found.flatMap((name) => list.map((more) => (name === '' ? more : `${name}.${more}`))),
    [''],
  )

const MEASURES = [...TRAFFIC, ...names(CATEGORIES, TRAFFIC)]

/** Names of counts, each before the totals that include it. */
const COUNTED = [
  ...names(
    ['messages'],
    ['inbound', 'outbound'],
    [...TRANSPORTS, 'all'],
    [...KINDS, 'all'],
    MEASURES,
  ),
  ...names(['messages'], ['persisted', 'all'], [...KINDS, 'all'], MEASURES),
  ...names(['messages.processed.delta.xdelta'], DELTA_OUTCOMES),
  ...names(['connections'], [...CONNECTION_KINDS, 'all'], TURNS),
  ...names(['channels'], TURNS),
  ...names(['apiRequests'], REQUEST_KINDS, OUTCOMES),
  'count',
].toSorted((a, b) => totalsOf(b).length - totalsOf(a).length)

const LEVELS = ['peak', 'min', 'mean'] as const
const GAUGED = [...names(['connections'], CONNECTION_KINDS), 'connections.all', 'channels']

const NAMES = [...COUNTED, ...names(GAUGED, LEVELS)]

/** Subtracts parts that are given beside their total, so that nothing is counted twice. */
function counted(supplied: ReadonlyMap<string, number>): Numbers {
  const numbers: Numbers = {}
  const reached = new Map<string, number>()
  for (const name of COUNTED) {
    const own = (supplied.get(name) ?? 0) - (reached.get(name) ?? 0)
    if (own <= 0) continue
    numbers[name] = own
    for (const total of totalsOf(name)) reached.set(total, (reached.get(total) ?? 0) + own)
  }
  return numbers
}

function gauged(supplied: ReadonlyMap<string, number>): Numbers {
  const numbers: Numbers = {}
  const told = (name: string) => supplied.get(name) ?? 0
  for (const gauge of GAUGED) {
    const parts = gauge === 'connections.all' ? CONNECTION_KINDS : []
    for (const level of LEVELS) {
      const ofParts = parts.reduce((sum, kind) => sum + told(`connections.${kind}.${level}`), 0)
      const value = told(`${gauge}.${level}`) || ofParts
      if (value === 0) continue
      if (level !== 'mean') numbers[`${gauge}.${level}`] = value
      else {
        numbers[`${gauge}.sum`] = value * SAMPLES_A_MINUTE
        numbers[`${gauge}.samples`] = SAMPLES_A_MINUTE
      }
    }
  }
  return numbers
}
