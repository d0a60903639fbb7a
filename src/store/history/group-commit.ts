/**
 * Group commit: what is appended within one turn of the event loop is written in one transaction, so that a
 * lone entry waits for one disk write and a burst shares it. While the disk has not answered, the next turns write
 * on; while another program holds the file, everything waits its turn, up to a bound.
 */
import type { HistoryFault } from '../../core/history/history.ts'
import type { ChannelRef } from '../../core/types.ts'
import { isBusy } from '../../trouble.ts'
import { concernsDisk, faultOf, faults } from './fault.ts'
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
  readonly bytes: number
  /** Of the clock that nobody sets. */
  readonly since: number
  readonly resolve: () => void
  readonly reject: (fault: HistoryFault) => void
}

/** Nothing waits for longer while another program holds the file, */
const PATIENCE_MS = 5000
/** and it is tried again so often. */
const RETRY_MS = 2

/** What may wait together for the disk or for another program: bytes of what is to be written, and appends. */
export const MAX_WAITING = { bytes: 16_777_216, additions: 20_000 } as const

export interface GroupCommitParts {
  readonly file: HistoryFile
  readonly writer: Writer
  /** Told once a transaction that failed, however many waited for it. */
  readonly onFault: (fault: HistoryFault) => void
  /** Told when something was written after all. */
  readonly onWritten: () => void
}

export class GroupCommit {
  readonly #parts: GroupCommitParts
  /** What has yet to be written. */
  #waiting: Waiting[] = []
  /** The channels that something is waiting for. */
  readonly #channels = new Set<string>()
  /** Of all that nobody has been told of yet, written or not. */
  #bytes = 0
  #additions = 0
  #keptPosition: string | undefined
  #isScheduled = false
  #timer: Timer | undefined
  #isClosed = false

  constructor(parts: GroupCommitParts) {
    this.#parts = parts
  }

  /** The greatest position that was kept since the start. */
  get keptPosition(): string | undefined {
    return this.#keptPosition
  }

  /** Whether no more can wait. */
  get isFull(): boolean {
    return this.#bytes >= MAX_WAITING.bytes || this.#additions >= MAX_WAITING.additions
  }

  /**
   * @returns once the addition is on the disk
   * @throws HistoryFault if it cannot be written
   */
  add(addition: Addition): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // Not everybody who appends waits for it: a connection that ends takes its presence along and is gone.
    promise.catch(() => {})
    if (this.#isClosed) reject(faults.closed())
    else if (this.isFull) reject(faults.full())
    else {
      const bytes = bytesOf(addition.rows)
      this.#bytes += bytes
      this.#additions++
      this.#waiting.push({ ...addition, bytes, since: performance.now(), resolve, reject })
      this.#channels.add(addition.channel.key)
      this.#schedule()
    }
    return promise
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.flush()
    })
  }

  /**
   * To be called before a channel is read: what is waiting for others can go on waiting.
   * @throws HistoryFault if another program keeps it from being written, so that it cannot be read
   */
  flushFor(channel: ChannelRef): void {
    if (!this.#channels.has(channel.key)) return
    this.flush()
    if (this.#channels.has(channel.key)) throw faults.held()
  }

  /** Hands to the system what is waiting; those who wait are told when the disk has it. */
  flush(): void {
    if (this.#waiting.length === 0) return
    const group = this.#waiting
    this.#waiting = []
    this.#channels.clear()
    this.#write(group)
  }

  #write(group: readonly Waiting[]): void {
    try {
      this.#commit(group)
    } catch (error) {
      if (isBusy(error) && !this.#isClosed) return this.#tryLater(group, error)
      // One that cannot be written must not take the others with it.
      if (group.length > 1 && !concernsDisk(error)) {
        for (const one of group) this.#write([one])
        return
      }
      return this.#fail(group, error)
    }
    this.#parts.file.settled().then(
      () => this.#succeed(group),
      (error: unknown) => this.#fail(group, error),
    )
  }

  /** Those who have waited for too long are told. */
  #tryLater(group: readonly Waiting[], error: unknown): void {
    const before = performance.now() - PATIENCE_MS
    const tired = group.filter(({ since }) => since <= before)
    if (tired.length > 0) this.#fail(tired, error)
    const rest = group.filter(({ since }) => since > before)
    for (const { channel } of rest) this.#channels.add(channel.key)
    this.#waiting = [...rest, ...this.#waiting]
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS)
  }

  #retry(): void {
    this.#timer = undefined
    this.flush()
  }

  #succeed(group: readonly Waiting[]): void {
    this.#letGo(group)
    const position = greatest(group)
    if (position > (this.#keptPosition ?? '')) this.#keptPosition = position
    this.#parts.onWritten()
    for (const { resolve } of group) resolve()
  }

  #fail(group: readonly Waiting[], error: unknown): void {
    this.#letGo(group)
    const fault = faultOf(error)
    for (const { reject } of group) reject(fault)
    this.#parts.onFault(fault)
  }

  #letGo(group: readonly Waiting[]): void {
    this.#additions -= group.length
    for (const { bytes } of group) this.#bytes -= bytes
  }

  #commit(group: readonly Addition[]): void {
    const { file, writer } = this.#parts
    const before = writer.summit
    writer.begin()
    try {
      file.transact(() => {
        for (const { channel, rows } of group) writer.write(channel, rows)
        writer.reach(greatest(group))
      })
    } catch (error) {
      writer.restore(before)
      throw error
    }
  }

  /** Writes what is waiting and takes no more; whoever still waits then is told when the disk has it. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.flush()
  }
}

function greatest(group: readonly Addition[]): string {
  return group.reduce((most, { position }) => (position > most ? position : most), '')
}

function bytesOf(rows: readonly Row[]): number {
  let bytes = 0
  for (const row of rows) {
    bytes += row.body.length
    if (row.kind === 'annotation') bytes += row.messageBody?.length ?? 0
    if (row.kind === 'object') for (const [, body] of row.entries) bytes += body?.length ?? 0
  }
  return bytes
}
