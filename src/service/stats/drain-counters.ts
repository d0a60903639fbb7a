/** Moves what an app's counters hold to statistics, under the names used there, and resets the counters. */
import type { AppCount, Gauge } from '../../core/counting/app-counters.ts'
import { type Numbers, OUTCOMES } from '../../stats/numbers.ts'

/** A group of counters whose names have the same beginning. */
interface Counted<Member extends string> {
  readonly of: (count: AppCount) => Record<Member, number>
  /** The name in statistics for each counter. */
  readonly names: readonly (readonly [member: Member, name: string])[]
}

function counted<Member extends string>(
  name: string,
  members: readonly Member[],
  of: Counted<Member>['of'],
): Counted<Member> {
  return { of, names: members.map((member) => [member, `${name}.${member}`]) }
}

const TRAFFIC = ['count', 'data', 'failed', 'refused'] as const
const WAYS = (['inbound', 'outbound'] as const).flatMap((direction) =>
  (['realtime', 'rest'] as const).flatMap((transport) =>
    (['messages', 'presence'] as const).map((kind) =>
      counted(
        `messages.${direction}.${transport}.${kind}`,
        TRAFFIC,
        (count) => count[direction][transport][kind],
      ),
    ),
  ),
)
const MESSAGES = [
  ...WAYS,
  counted('messages.persisted.messages', TRAFFIC, (count) => count.persisted.messages),
  counted('messages.persisted.presence', TRAFFIC, (count) => count.persisted.presence),
]

const TURNS = ['opened', 'failed', 'refused'] as const
const OPENINGS = [
  counted('connections.tls', TURNS, (count) => count.connections.tls),
  counted('connections.plain', TURNS, (count) => count.connections.plain),
  counted('channels', TURNS, (count) => count.channels),
]

const REQUESTS = [
  counted('apiRequests.other', OUTCOMES, (count) => count.apiRequests),
  counted('apiRequests.tokenRequests', OUTCOMES, (count) => count.tokenRequests),
]

/** Adds what was counted since the last call to `numbers`, and sets the counters to zero. */
export function drainCounts(numbers: Numbers, count: AppCount): void {
  drainGroups(numbers, count, MESSAGES)
  drainGroups(numbers, count, OPENINGS)
  drainGroups(numbers, count, REQUESTS)
}

function drainGroups<Member extends string>(
  numbers: Numbers,
  count: AppCount,
  groups: readonly Counted<Member>[],
): void {
  for (const { of, names } of groups) {
    const counts: Record<string, number> = of(count)
    for (const [member, name] of names) {
      const value = counts[member]!
      if (value === 0) continue
      numbers[name] = (numbers[name] ?? 0) + value
      counts[member] = 0
    }
  }
}

const gauge = (name: string, of: (count: AppCount) => Gauge) => ({
  of,
  peak: `${name}.peak`,
  min: `${name}.min`,
  sum: `${name}.sum`,
  samples: `${name}.samples`,
})

const GAUGES = [
  gauge('connections.all', (count) => count.connections.all),
  gauge('connections.tls', (count) => count.connections.tls),
  gauge('connections.plain', (count) => count.connections.plain),
  gauge('channels', (count) => count.channels),
]

/**
 * Adds peak and minimum of connections and channels since the last call to `numbers`, and a sample of the present
 * level, from which the mean is computed.
 * @param minute the numbers of this minute so far
 * @param looks how many samples were taken in this minute; those before the first connection count as zero
 */
export function drainLevels(
  numbers: Numbers,
  count: AppCount,
  minute: Numbers,
  looks: number,
): void {
  for (const { of, peak, min, sum, samples } of GAUGES) {
    const levels = of(count)
    const isSampled = minute[samples] !== undefined || numbers[samples] !== undefined
    if (levels.peak === 0 && !isSampled) continue
    if (levels.peak > 0) {
      numbers[peak] = Math.max(levels.peak, numbers[peak] ?? 0)
      numbers[min] = Math.min(levels.min, numbers[min] ?? levels.min)
    }
    numbers[sum] = (numbers[sum] ?? 0) + levels.now
    numbers[samples] = (numbers[samples] ?? 0) + (isSampled ? 1 : looks)
    levels.peak = levels.now
    levels.min = levels.now
  }
}
