/** What persisted channels remember, in `history.db`: acknowledged once it is on the disk. */
import type { Clock } from '../../core/clock.ts'
import type {
  HistoryEntry,
  History,
  HistoryFault,
  Page,
  Slice,
} from '../../core/history/history.ts'
import type { PlainObject } from '../../core/objects/channel-objects.ts'
import type { ObjectLog, ObjectsToKeep } from '../../core/objects/object-log.ts'
import type { Annotation, ChannelRef, KeptMessage, PresenceMessage } from '../../core/types.ts'
import type { Failure } from '../../failure.ts'
import { StartError } from '../../start-error.ts'
import { isBusy, isSqliteTrouble } from '../../trouble.ts'
import { fileTrouble } from '../sqlite-file.ts'
import { ChannelIds } from './channel-ids.ts'
import { faultOf, faults, readingFault } from './fault.ts'
import { GroupCommit } from './group-commit.ts'
import { HistoryDisk } from './history-disk.ts'
import { HistoryFile } from './history-file.ts'
import { HistoryPages } from './history-pages.ts'
import { ObjectRoom } from './object-room.ts'
import { ObjectTables } from './object-tables.ts'
import { Retention } from './retention.ts'
import { objectRowOf, placeOf, rowOf } from './row.ts'
import type { TrimmingOptions } from './trimming.ts'
import { HistoryTroubles } from './troubles.ts'
import { Usage } from './usage.ts'
import { Writer } from './writer.ts'

export interface HistoryOptions extends TrimmingOptions {
  /** How long entries stay. */
  readonly hours: number
  readonly clock: Clock
  /** Whether the last message of a channel stays for up to a year. */
  readonly keepsLast: (channel: ChannelRef) => boolean
  /** Told once what cannot be written, read or tidied, for the log. */
  readonly onFault: (fault: HistoryFault) => void
  /** Told when it can be written again. */
  readonly onRecovered?: () => void
}

/**
 * Opens the history of a data folder, making it on first use.
 * @param folder undefined for a history that ends with the process
 * @throws StartError if the file cannot be opened or comes from a newer version
 */
export function openHistory(folder: string | undefined, options: HistoryOptions): HistoryLog {
  const file = new HistoryFile(folder)
  try {
    return new HistoryLog(file, options)
  } catch (error) {
    file.closeQuietly()
    if (!isSqliteTrouble(error)) throw error
    const why = fileTrouble(file.path, error)
    throw new StartError(`${file.path} cannot be opened: ${why}`, { cause: error })
  }
}

/** How often the files are looked at while nobody writes. */
const LOOK_EVERY_MS = 2000

export class HistoryLog implements History, ObjectLog {
  readonly #file: HistoryFile
  readonly #ids: ChannelIds
  readonly #usage: Usage
  readonly #objects: ObjectTables
  readonly #writer: Writer
  readonly #pages: HistoryPages
  readonly #commits: GroupCommit
  readonly #troubles: HistoryTroubles
  /** Apps that were deleted while the file could not be written. */
  readonly #toForget = new Set<string>()
  readonly #room: ObjectRoom
  #timer: Timer | undefined
  /** Removes what has expired; runs by itself between `start` and `close`. */
  readonly retention: Retention
  /** What it holds on the disk. */
  readonly disk: HistoryDisk

  constructor(file: HistoryFile, options: HistoryOptions) {
    this.#file = file
    this.#troubles = new HistoryTroubles(options)
    this.#ids = new ChannelIds(file)
    this.#usage = new Usage(file)
    this.#objects = new ObjectTables(file)
    this.#writer = new Writer(file, {
      ids: this.#ids,
      usage: this.#usage,
      objects: this.#objects,
    })
    this.#pages = new HistoryPages(file, this.#ids, () => this.#writer.summit.lag)
    const onFault = (fault: HistoryFault) => this.#troubles.tell(fault)
    const onWritten = () => this.#troubles.written()
    this.#commits = new GroupCommit({ file, writer: this.#writer, onFault, onWritten })
    this.retention = new Retention(file, this.#ids, this.#usage, { ...options, onFault })
    const { retention } = this
    this.#room = new ObjectRoom(this.#objects, options)
    this.disk = new HistoryDisk({ file, ids: this.#ids, retention, troubles: this.#troubles })
  }

  /** From now on nobody waits for a lock or for the disk on a turn of the event loop. */
  start(): void {
    this.#file.serve((error) => this.#troubles.tell(faultOf(error)))
    this.retention.start()
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  /** Hands to the system what is waiting. */
  flush(): void {
    this.#commits.flush()
  }

  /** Writes what is waiting. @returns once the disk has it, or whoever waits has been told that it has not */
  async settle(): Promise<void> {
    this.#commits.flush()
    await this.#file.settled().catch(() => {})
  }

  /** Writes what is waiting; later appends are refused. */
  close(): void {
    clearInterval(this.#timer)
    this.retention.stop()
    this.#commits.close()
    this.#file.close()
  }

  /** The same for one that was started: what it has written is on the disk then. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.retention.stop()
    this.#commits.close()
    await this.#file.stopServing()
    this.#file.close()
  }

  refusal(): Failure | undefined {
    if (!this.#commits.isFull) return this.#troubles.gone?.failure
    const fault = faults.full()
    this.#troubles.tell(fault)
    return fault.failure
  }

  /** Whether the files are still those that are open, also while nobody writes; and what could not be done before. */
  #look(): void {
    try {
      this.#file.check()
      this.#troubles.found()
    } catch (error) {
      this.#troubles.tell(faultOf(error))
    }
    for (const realm of this.#toForget) this.#forget(realm)
  }

  /**
   * @returns once the entries are on the disk
   * @throws HistoryFault if they cannot be written; then none of them is kept
   */
  append(channel: ChannelRef, entries: readonly HistoryEntry[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve()
    try {
      const rows = entries.map(rowOf)
      const positions = entries.map(placeOf)
      const position = positions.reduce((most, one) => (one > most ? one : most))
      return this.#commits.add({ channel, rows, position })
    } catch (error) {
      return Promise.reject(faultOf(error))
    }
  }

  objectRefusal(realm: string, grows: boolean): Failure | undefined {
    return this.refusal() ?? (grows ? this.#room.refusal(realm) : undefined)
  }

  keepObjects(channel: ChannelRef, { bytes, position, records }: ObjectsToKeep): Promise<void> {
    try {
      const rows = records.map((record) => objectRowOf(record, bytes))
      return this.#commits.add({ channel, rows, position })
    } catch (error) {
      return Promise.reject(faultOf(error))
    }
  }

  objects(channel: ChannelRef): readonly PlainObject[] {
    return this.#read(channel, () => this.#objects.read(channel))
  }

  messages(channel: ChannelRef, page: Page): Slice<KeptMessage> {
    return this.#read(channel, () => this.#pages.messages(channel, page))
  }

  serials(channel: ChannelRef, page: Page): Slice<string> {
    return this.#read(channel, () => this.#pages.serials(channel, page))
  }

  message(channel: ChannelRef, serial: string): KeptMessage | undefined {
    return this.#read(channel, () => this.#pages.message(channel, serial))
  }

  versions(channel: ChannelRef, serial: string, page: Page): Slice<KeptMessage> {
    return this.#read(channel, () => this.#pages.versions(channel, serial, page))
  }

  presence(channel: ChannelRef, page: Page): Slice<PresenceMessage> {
    return this.#read(channel, () => this.#pages.presence(channel, page))
  }

  annotations(channel: ChannelRef, messageSerial: string, page: Page): Slice<Annotation> {
    return this.#read(channel, () => this.#pages.annotations(channel, messageSerial, page))
  }

  #read<T>(channel: ChannelRef, read: () => T): T {
    try {
      this.#commits.flushFor(channel)
      return read()
    } catch (error) {
      const fault = readingFault(error)
      this.#troubles.tell(fault)
      throw fault
    }
  }

  /**
   * From now on nothing of the realm is found; the disk is cleared bit by bit. If the file cannot be written,
   * `onFault` is told, and it is tried again.
   */
  forget(realm: string): void {
    this.#commits.flush()
    this.#toForget.add(realm)
    this.#forget(realm)
  }

  #forget(realm: string): void {
    this.#usage.begin()
    try {
      this.#file.transact(() => {
        this.#file.sqlite.query('UPDATE channels SET realm = NULL WHERE realm = ?').run(realm)
        this.#objects.forget(realm)
        this.#usage.forget(realm)
        this.#usage.save()
      })
      this.#toForget.delete(realm)
    } catch (error) {
      this.#usage.restore()
      this.#objects.restore()
      // Another program will let go of the file.
      if (!isBusy(error)) this.#troubles.tell(faultOf(error))
    }
    this.#ids.clear()
    this.retention.hurry()
  }

  /** The greatest position of any entry that was ever kept: those to come must be greater, whatever the clock says. */
  latestPosition(): string | undefined {
    this.#commits.flush()
    return this.#writer.summit.position || undefined
  }

  /** The same of what the disk surely has. */
  get keptPosition(): string | undefined {
    return this.#commits.keptPosition
  }
}
