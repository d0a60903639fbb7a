/** Sends one page what happens on a channel: a few times a second, and no more than a screen can show. */
import type { ChannelRef } from '../../core/types.ts'
import type { ChannelInspector } from '../../service/live/channel-inspector.ts'
import type { ActivityEntry } from '../../service/live/channel-activity.ts'
import { wireEntry } from '../pages/live/entry.tsx'
import type { PublishUpdate, LiveView } from './view.ts'

/** Entries are gathered for this long. */
const GATHER_MS = 100
/** Most entries of one update; the rest is only counted. */
const MAX_GATHERED = 100

export interface LogParts {
  readonly inspector: ChannelInspector
  readonly ref: ChannelRef
  /** The position of the last update that the page got; undefined to start from now. */
  readonly since: string | undefined
  /** Whether the reader may still see the channel. */
  readonly isPermitted: () => boolean
  readonly publish: PublishUpdate
}

export class LogView implements LiveView {
  readonly #parts: LogParts
  readonly #stop: () => void
  #gathered: ActivityEntry[] = []
  #skipped = 0
  #isGap: boolean
  #position: string
  #timer: Timer | undefined

  constructor(parts: LogParts) {
    this.#parts = parts
    const { inspector, ref, since } = parts
    const watched = inspector.watch(ref, since, (entries, position) =>
      this.#take(entries, position),
    )
    this.#stop = watched.stop
    this.#isGap = watched.isGap
    this.#position = inspector.position(ref)
    // Sent also when it is empty, because the page needs a position to continue from.
    this.#take(watched.since, undefined)
  }

  look(): void {
    if (this.#parts.isPermitted()) return
    this.#parts.publish({ over: true })
    this.end()
  }

  /** Nothing to do: each page reads a log of its own. */
  joined(): void {}

  end(): void {
    this.#stop()
    clearTimeout(this.#timer)
  }

  #take(entries: readonly ActivityEntry[], position: string | undefined): void {
    const room = MAX_GATHERED - this.#gathered.length
    this.#gathered.push(...entries.slice(0, room))
    this.#skipped += Math.max(0, entries.length - room)
    this.#position = position ?? this.#position
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS)
  }

  #flush(): void {
    this.#timer = undefined
    this.#parts.publish({
      entries: this.#gathered.map(wireEntry),
      skipped: this.#skipped,
      gap: this.#isGap,
      position: this.#position,
    })
    this.#gathered = []
    this.#skipped = 0
    this.#isGap = false
  }
}
