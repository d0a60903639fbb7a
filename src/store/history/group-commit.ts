/**
 * Group commit: what is appended within one turn of the event loop is written in one transaction, so that a
 * lone entry waits for one disk write and a burst shares it.
 */
import type { Clock } from '../../core/clock.ts'
import type { ChannelRef } from '../../core/types.ts'
import { HistoryFault, concernsDisk, faultOf } from './fault.ts'
import type { HistoryFile } from './history-file.ts'
import type { Row } from './row.ts'
import type { Writer } from './writer.ts'

/** What one call appends: it is kept as a whole, or not at all. */
export interface Addition {
  readonly channel: ChannelRef
  readonly rows: readonly Row[]
  /** The greatest position among the rows. */
  readonly position: string
}

interface Waiting extends Addition {
  readonly resolve: () => void
  readonly reject: (fault: HistoryFault) => void
}

/** A slow disk takes as long for one entry as for hundreds, and nothing else runs meanwhile: it gets a pause. */
const QUICK_MS = 2
const MAX_PAUSE_MS = 5

export interface GroupCommitParts {
  readonly file: HistoryFile
  readonly writer: Writer
  readonly clock: Clock
  /** Told once a transaction that failed, however many waited for it. */
  readonly onFault: (fault: HistoryFault) => void
}

export class GroupCommit {
  readonly #parts: GroupCommitParts
  #waiting: Waiting[] = []
  /** The channels that something is waiting for. */
  readonly #channels = new Set<string>()
  #isScheduled = false
  #timer: Timer | undefined
  #restsUntil = 0
  #isClosed = false

  constructor(parts: GroupCommitParts) {
    this.#parts = parts
  }

  /**
   * @returns once the addition is on the disk
   * @throws HistoryFault if it cannot be written
   */
  add(addition: Addition): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // Not everybody who appends waits for it: a connection that ends takes its presence along and is gone.
    promise.catch(() => {})
    if (this.#isClosed) reject(new HistoryFault('the history has been closed'))
    else {
      this.#waiting.push({ ...addition, resolve, reject })
      this.#channels.add(addition.channel.key)
      this.#schedule()
    }
    return promise
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    const pause = Math.min(this.#restsUntil - this.#parts.clock.now(), MAX_PAUSE_MS)
    if (pause > 0) this.#timer = setTimeout(() => this.#flushOnSchedule(), pause)
    else setImmediate(() => this.#flushOnSchedule())
  }

  #flushOnSchedule(): void {
    this.#isScheduled = false
    this.flush()
  }

  /** To be called before a channel is read: what is waiting for others can go on waiting. */
  flushFor(channel: ChannelRef): void {
    if (this.#channels.has(channel.key)) this.flush()
  }

  /** Writes now what is waiting, and tells those who wait. */
  flush(): void {
    if (this.#waiting.length === 0) return
    const group = this.#waiting
    this.#waiting = []
    this.#channels.clear()
    const startedAt = this.#parts.clock.now()
    this.#settle(group)
    const endedAt = this.#parts.clock.now()
    this.#restsUntil = endedAt + (endedAt - startedAt - QUICK_MS)
  }

  #settle(group: readonly Waiting[]): void {
    try {
      this.#commit(group)
    } catch (error) {
      // One that cannot be written must not take the others with it.
      if (group.length > 1 && !concernsDisk(error)) {
        for (const one of group) this.#settle([one])
        return
      }
      const fault = faultOf(error)
      for (const { reject } of group) reject(fault)
      this.#parts.onFault(fault)
      return
    }
    for (const { resolve } of group) resolve()
  }

  #commit(group: readonly Addition[]): void {
    const { file, writer } = this.#parts
    const before = writer.summit
    writer.begin()
    try {
      file.transact(() => {
        for (const { channel, rows } of group) writer.write(channel, rows)
        writer.reach(group.reduce((most, { position }) => (position > most ? position : most), ''))
      })
    } catch (error) {
      writer.restore(before)
      throw error
    }
  }

  /** Writes what is waiting and takes no more. */
  close(): void {
    this.flush()
    this.#isClosed = true
    clearTimeout(this.#timer)
  }
}
