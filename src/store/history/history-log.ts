/** What persisted channels remember, in `history.db`: acknowledged once it is on the disk. */
import type { Clock } from '../../core/clock.ts'
import type { Entry, History, Page, Slice } from '../../core/history.ts'
import type { Annotation, ChannelRef, KeptMessage, PresenceMessage } from '../../core/types.ts'
import { isSqliteTrouble } from '../../trouble.ts'
import { StartError } from '../../start-error.ts'
import { fileTrouble } from '../sqlite-file.ts'
import { unpackAnnotation, unpackMessage, unpackPresence } from './body.ts'
import { ChannelIds } from './channel-ids.ts'
import { type HistoryFault, faultOf } from './fault.ts'
import { GroupCommit } from './group-commit.ts'
import { HistoryFile, KIND } from './history-file.ts'
import { entrySerialOf, publicSerial } from './place.ts'
import { type Item, Reader } from './reader.ts'
import { Retention } from './retention.ts'
import { placeOf, rowOf } from './row.ts'
import type { TrimmingOptions } from './trimming.ts'
import { Usage } from './usage.ts'
import { Writer } from './writer.ts'

export interface HistoryOptions extends TrimmingOptions {
  /** How long entries stay. */
  readonly hours: number
  readonly clock: Clock
  /** Whether the last message of a channel stays for up to a year. */
  readonly keepsLast: (channel: ChannelRef) => boolean
  /** Told what could not be written or tidied, for the log. */
  readonly onFault: (fault: HistoryFault) => void
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

export class HistoryLog implements History {
  readonly #file: HistoryFile
  readonly #ids: ChannelIds
  readonly #usage: Usage
  readonly #writer: Writer
  readonly #reader: Reader
  readonly #commits: GroupCommit
  readonly #onFault: (fault: HistoryFault) => void
  /** Removes what has expired; runs by itself between `start` and `close`. */
  readonly retention: Retention

  constructor(file: HistoryFile, options: HistoryOptions) {
    this.#file = file
    this.#onFault = options.onFault
    this.#ids = new ChannelIds(file)
    this.#usage = new Usage(file)
    this.#writer = new Writer(file, this.#ids, this.#usage)
    this.#reader = new Reader(file, () => this.#writer.summit.lag)
    this.#commits = new GroupCommit({ ...options, file, writer: this.#writer })
    this.retention = new Retention(file, this.#ids, this.#usage, options)
  }

  start(): void {
    this.retention.start()
  }

  /** Writes what is waiting, and tells those who wait. */
  flush(): void {
    this.#commits.flush()
  }

  /** Writes what is waiting; later appends are refused. */
  close(): void {
    this.retention.stop()
    this.#commits.close()
    this.#file.close()
  }

  /**
   * @returns once the entries are on the disk
   * @throws HistoryFault if they cannot be written; then none of them is kept
   */
  append(channel: ChannelRef, entries: readonly Entry[]): Promise<void> {
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

  messages(channel: ChannelRef, page: Page): Slice<KeptMessage> {
    const id = this.#find(channel)
    if (id === undefined) return NOTHING
    return mapped(this.#reader.entries(id, KIND.message, page), (item) =>
      unpackMessage(item.body, item),
    )
  }

  message(channel: ChannelRef, serial: string): KeptMessage | undefined {
    const stored = this.#message(channel, serial)
    return stored && unpackMessage(stored.body, stored)
  }

  versions(channel: ChannelRef, serial: string, page: Page): Slice<KeptMessage> {
    const stored = this.#message(channel, serial)
    if (!stored) return NOTHING
    const { id, timestamp, body, isListed } = stored
    const unpack = (item: Pick<Item, 'body'>) => unpackMessage(item.body, { serial, timestamp })
    const latest = isListed === 1 ? { ...unpack(stored).version, body } : undefined
    return mapped(this.#reader.versions(id, latest, page), unpack)
  }

  presence(channel: ChannelRef, page: Page): Slice<PresenceMessage> {
    const id = this.#find(channel)
    if (id === undefined) return NOTHING
    const after = page.after === undefined ? undefined : entrySerialOf(page.after)
    const { bytes, items, next } = this.#reader.entries(id, KIND.presence, page, after)
    return {
      items: items.map((item) => unpackPresence(item.body, item)),
      next: next === undefined ? undefined : publicSerial(next),
      bytes,
    }
  }

  annotations(channel: ChannelRef, messageSerial: string, page: Page): Slice<Annotation> {
    const stored = this.#message(channel, messageSerial)
    if (!stored) return NOTHING
    return mapped(this.#reader.annotations(stored.id, page), (item) =>
      unpackAnnotation(item.body, messageSerial, item),
    )
  }

  /**
   * From now on nothing of the realm is found; the disk is cleared bit by bit. If the file cannot be written,
   * `onFault` is told, and what there is stays until it expires.
   */
  forget(realm: string): void {
    this.#commits.flush()
    this.#usage.begin()
    try {
      this.#file.transact(() => {
        this.#file.sqlite.query('UPDATE channels SET realm = NULL WHERE realm = ?').run(realm)
        this.#usage.forget(realm)
        this.#usage.save()
      })
    } catch (error) {
      this.#usage.restore()
      this.#onFault(faultOf(error))
    }
    this.#ids.clear()
    this.retention.hurry()
  }

  /** The greatest position of any entry that was ever kept: those to come must be greater, whatever the clock says. */
  latestPosition(): string | undefined {
    this.#commits.flush()
    return this.#writer.summit.position || undefined
  }

  /** Bytes of the disk that the entries take up. */
  usedBytes(): number {
    return this.#file.usedBytes()
  }

  /** About what the share that has most takes up of that, in bytes. */
  greatestBytes(): number {
    return this.retention.greatestBytes()
  }

  #find(channel: ChannelRef): number | undefined {
    this.#commits.flushFor(channel)
    return this.#ids.find(channel)
  }

  #message(channel: ChannelRef, serial: string) {
    const id = this.#find(channel)
    return id === undefined ? undefined : this.#reader.message(id, serial)
  }
}

const NOTHING: Slice<never> = { items: [], next: undefined, bytes: 0 }

function mapped<T>({ items, ...rest }: Slice<Item>, unpack: (item: Item) => T): Slice<T> {
  return { items: items.map(unpack), ...rest }
}
