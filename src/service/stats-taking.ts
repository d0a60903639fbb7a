/** Takes what has been counted for an app out of its counters, under the names that statistics have for it. */
import type { AppCount } from '../core/app-counters.ts'
import { type Numbers, OUTCOMES } from '../stats/numbers.ts'

const TRAFFIC = ['count', 'data', 'failed', 'refused'] as const
const TURNS = ['opened', 'failed', 'refused'] as const

/** Moves to `numbers` what was counted since the last time, and leaves nought behind. */
export function takeCounts(numbers: Numbers, count: AppCount): void {
  for (const direction of ['inbound', 'outbound'] as const) {
    for (const transport of ['realtime', 'rest'] as const) {
      const { messages, presence } = count[direction][transport]
      const name = `messages.${direction}.${transport}`
      takeAll(numbers, `${name}.messages`, messages, TRAFFIC)
      takeAll(numbers, `${name}.presence`, presence, TRAFFIC)
    }
  }
  takeAll(numbers, 'messages.persisted.messages', count.persisted.messages, TRAFFIC)
  takeAll(numbers, 'messages.persisted.presence', count.persisted.presence, TRAFFIC)
  takeAll(numbers, 'connections.tls', count.connections.tls, TURNS)
  takeAll(numbers, 'connections.plain', count.connections.plain, TURNS)
  takeAll(numbers, 'channels', count.channels, TURNS)
  takeAll(numbers, 'apiRequests.other', count.apiRequests, OUTCOMES)
  takeAll(numbers, 'apiRequests.tokenRequests', count.tokenRequests, OUTCOMES)
}

function takeAll<Name extends string>(
  numbers: Numbers,
  name: string,
  counts: Record<Name, number>,
  members: readonly Name[],
): void {
  for (const member of members) {
    const value = counts[member]
    if (value === 0) continue
    const full = `${name}.${member}`
    numbers[full] = (numbers[full] ?? 0) + value
    // Its type says that each member is a number, which TypeScript does not follow through the name.
    counts[member] = 0 as Record<Name, number>[Name]
  }
}

/**
 * Moves to `numbers` how many connections and channels there were since the last time, and takes a sample of
 * how many there are, for the mean.
 * @param minute what is known of this minute so far
 * @param looks how often there was a look in this minute; before there was anything, each found nothing
 */
export function takeLevels(
  numbers: Numbers,
  { connections, channels }: AppCount,
  minute: Numbers,
  looks: number,
): void {
  const gauges = {
    'connections.all': connections.all,
    'connections.tls': connections.tls,
    'connections.plain': connections.plain,
    channels,
  }
  for (const [name, gauge] of Object.entries(gauges)) {
    const samples = `${name}.samples`
    const isSampled = minute[samples] !== undefined || numbers[samples] !== undefined
    if (gauge.peak === 0 && !isSampled) continue
    if (gauge.peak > 0) {
      numbers[`${name}.peak`] = Math.max(gauge.peak, numbers[`${name}.peak`] ?? 0)
      numbers[`${name}.min`] = Math.min(gauge.min, numbers[`${name}.min`] ?? gauge.min)
    }
    numbers[`${name}.sum`] = (numbers[`${name}.sum`] ?? 0) + gauge.now
    numbers[samples] = (numbers[samples] ?? 0) + (isSampled ? 1 : looks)
    gauge.peak = gauge.now
    gauge.min = gauge.now
  }
}
