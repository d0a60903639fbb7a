/** Occupancy events: sent at once when a count becomes zero or stops being zero, otherwise every 15 s at most. */
import type { Channel } from '../../../../core/channel/channel.ts'
import type { Attachments } from '../../../../core/delivery/attachments.ts'
import type { ChannelWatcher } from '../../../../core/registry/watchers.ts'
import type { ChannelTime } from '../../../../core/time/channel-time.ts'
import type { Clock } from '../../../../core/clock.ts'
import type { IdSource } from '../../../../core/id-source.ts'
import type { Event, Occupancy } from '../../../../core/types.ts'
import type { Attached } from '../attaching/attached.ts'
import type { Client } from '../session/client.ts'
import { PROTOCOL, encode } from '../encoding/encode.ts'
import { readVariant } from '../encoding/variant.ts'
import { NEVER, type Timed, type TimerWheel } from '../../../../core/time/timer-wheel.ts'

export interface OccupancyParts {
  readonly attachments: Attachments
  readonly clock: Clock
  readonly time: ChannelTime
  readonly ids: IdSource
  readonly wheel: TimerWheel
}

/** Between two occupancy events of a channel, unless a count becomes zero or stops being zero (docs, occupancy). */
const DEBOUNCE_MS = 15_000
const ID_LENGTH = 12

/** A channel with a subscriber to its occupancy: what was sent last, and when. */
class Watched implements Timed {
  due = NEVER
  told: Occupancy
  toldAt: number
  readonly #onDue: () => void

  constructor(told: Occupancy, toldAt: number, onDue: () => void) {
    this.told = told
    this.toldAt = toldAt
    this.#onDue = onDue
  }

  wake(): void {
    this.#onDue()
  }
}

export class OccupancyEvents implements ChannelWatcher {
  readonly #parts: OccupancyParts
  readonly #watched = new Map<Channel, Watched>()

  constructor(parts: OccupancyParts) {
    this.#parts = parts
  }

  /** Sends the current occupancy to a client that has just attached, and an event for each later change. */
  subscribe(client: Client, { attachment }: Attached): void {
    const { channel, groups } = attachment
    const event = this.#event(channel)
    for (const { format } of groups)
      for (const frame of encode(event, format.variant, undefined, channel.ref))
        client.sendFrame(frame)
    if (this.#watched.has(channel)) return
    const now = this.#parts.clock.elapsed()
    this.#watched.set(channel, new Watched(channel.occupancy, now, () => this.#tell(channel)))
  }

  occupied(channel: Channel): void {
    const watched = this.#watched.get(channel)
    if (!watched) return
    if (isTurn(watched.told, channel.occupancy)) return this.#tell(channel)
    if (watched.due === NEVER && !isSame(watched.told, channel.occupancy))
      this.#parts.wheel.schedule(watched, watched.toldAt + DEBOUNCE_MS)
  }

  closed(channel: Channel): void {
    const watched = this.#watched.get(channel)
    if (!watched) return
    this.#parts.wheel.cancel(watched)
    this.#watched.delete(channel)
  }

  #tell(channel: Channel): void {
    const watched = this.#watched.get(channel)
    if (!watched) return
    if (!this.#isWanted(channel)) return this.closed(channel)
    this.#parts.wheel.cancel(watched)
    watched.told = channel.occupancy
    watched.toldAt = this.#parts.clock.elapsed()
    this.#parts.attachments.tell(channel, this.#event(channel))
  }

  /** Looks at the groups of the channel, which are few however many subscribers there are. */
  #isWanted({ ref }: Channel): boolean {
    return this.#parts.attachments
      .groups(ref)
      .some(
        ({ format: { protocol, variant } }) =>
          protocol === PROTOCOL && readVariant(variant).occupancy !== undefined,
      )
  }

  #event({ occupancy }: Channel): Event {
    const { ids, time } = this.#parts
    return { kind: 'occupancy', id: ids.next(ID_LENGTH), occupancy, timestamp: time.now() }
  }
}

const METRICS = [
  'connections',
  'publishers',
  'subscribers',
  'presenceConnections',
  'presenceMembers',
  'presenceSubscribers',
  'objectPublishers',
  'objectSubscribers',
] as const satisfies readonly (keyof Occupancy)[]

function isSame(a: Occupancy, b: Occupancy): boolean {
  return METRICS.every((metric) => a[metric] === b[metric])
}

/** Whether any count has become zero or has stopped being zero. */
function isTurn(before: Occupancy, after: Occupancy): boolean {
  return METRICS.some((metric) => (before[metric] === 0) !== (after[metric] === 0))
}
