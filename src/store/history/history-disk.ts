/** What `history.db` holds on the disk: which channels, and how much. */
import { readingFault } from './fault.ts'
import type { ChannelIds } from './channel-ids.ts'
import type { HistoryFile } from './history-file.ts'
import type { Retention } from './retention.ts'
import type { HistoryTroubles } from './troubles.ts'

export interface HistoryDiskParts {
  readonly file: HistoryFile
  readonly ids: ChannelIds
  readonly retention: Retention
  readonly troubles: HistoryTroubles
}

export class HistoryDisk {
  readonly #parts: HistoryDiskParts
  #usedBytes = 0

  constructor(parts: HistoryDiskParts) {
    this.#parts = parts
  }

  /**
   * Names of an app's channels that have entries on the disk, in use or not, in order.
   * @param text part of the name; empty for all
   */
  names(realm: string, text: string, limit: number): readonly string[] {
    const { ids, troubles } = this.#parts
    try {
      return ids.names(realm, text, limit)
    } catch (error) {
      troubles.tell(readingFault(error))
      return []
    }
  }

  /** Bytes that the entries take up; the last known number where the file cannot be read now. */
  usedBytes(): number {
    const { file, troubles } = this.#parts
    try {
      this.#usedBytes = file.usedBytes()
    } catch (error) {
      troubles.tell(readingFault(error))
    }
    return this.#usedBytes
  }

  /** Bytes of the share that takes up most, roughly. */
  greatestBytes(): number {
    return this.#parts.retention.greatestBytes()
  }
}
