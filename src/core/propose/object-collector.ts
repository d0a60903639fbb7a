/** Proposes that objects in memory are rid of what nobody has to remember: what becomes of it, the entry decides. */
import { NO_SOCKET } from '../channel/entry.ts'
import type { Channel } from '../channel/channel.ts'
import type { Clock } from '../clock.ts'
import type { IdSource } from '../id-source.ts'
import { collectionOf, isNothing } from '../objects/collection.ts'
import type { ObjectLoading } from '../objects/loading.ts'
import type { ChannelTime } from '../time/channel-time.ts'
import type { Proposals } from './proposals.ts'

export interface ObjectCollectorParts {
  readonly clock: Clock
  readonly time: ChannelTime
  readonly ids: IdSource
  readonly loading: ObjectLoading
  readonly proposals: Proposals
  readonly siteCode: string
}

/** Between two looks at the same channel. */
const EVERY_MS = 600_000
/** Channels that are looked at in one step. */
const PER_STEP = 4
const ID_LENGTH = 12

export class ObjectCollector {
  readonly #parts: ObjectCollectorParts
  #waiting: Channel[] = []
  #due: number

  constructor(parts: ObjectCollectorParts) {
    this.#parts = parts
    this.#due = parts.clock.elapsed() + EVERY_MS
  }

  /** To be called now and then: looks at a few channels, once their time has come. */
  step(): void {
    const now = this.#parts.clock.elapsed()
    if (this.#waiting.length === 0 && now >= this.#due) {
      this.#due = now + EVERY_MS
      this.#waiting = [...this.#parts.loading.channels()]
    }
    for (const channel of this.#waiting.splice(0, PER_STEP)) this.#look(channel)
  }

  #look(channel: Channel): void {
    const { ids, proposals, siteCode, time } = this.#parts
    if (channel.isGone || !channel.objects) return
    if (isNothing(collectionOf(channel.objects, time.now()))) return
    const id = ids.next(ID_LENGTH)
    // Where it is not taken, it is proposed again at the next look.
    void proposals.propose(channel, { kind: 'collection', id, siteCode }, NO_SOCKET)
  }
}
