/**
 * Keeps the latest position of the history among the settings. At the next start the server can then tell that
 * `history.db` or its log is missing, or is an older copy.
 */
import type { Logger } from '../ops/logs.ts'
import { readFact, removeFact, writeFact } from '../store/tables/facts.ts'
import type { HistoryLog } from '../store/history/history-log.ts'
import type { Store } from '../store/database.ts'
import type { Ledger } from '../store/ledger/ledger.ts'

/** Name of the fact that holds the greatest position that was written to the disk. */
const MARK = 'history-position'
const WRITE_EVERY_MS = 5000

export interface HistoryMarkParts {
  readonly store: Store
  readonly ledger: Ledger
  readonly history: HistoryLog
  readonly log: Pick<Logger, 'warning'>
  /** Called with the error when it cannot be written; it is tried again. */
  readonly onTrouble: (error: unknown) => void
}

export class HistoryMark {
  readonly #parts: HistoryMarkParts
  #written: string | undefined
  #timer: Timer | undefined

  constructor(parts: HistoryMarkParts) {
    this.#parts = parts
    this.#written = readFact(parts.store, MARK)?.toString()
  }

  /** The greatest position that was ever written, also where the history itself is lost. New positions must be greater. */
  get lastPosition(): string | undefined {
    const found = this.#parts.history.latestPosition()
    const known = this.#written
    return known !== undefined && (found === undefined || found < known) ? known : found
  }

  /**
   * Logs what is missing since the last run. Call before anything new is written.
   * @param isNew whether the settings were made by this very start
   */
  check(isNew: boolean): void {
    const { history, ledger, log, store } = this.#parts
    const found = history.latestPosition()
    if (isNew && found !== undefined) {
      log.warning('settings are missing: there is history of apps that nobody knows', {
        because: 'latchkey.db was removed, and a new one has been made',
      })
    }
    const isLess = this.#written !== undefined && (found === undefined || found < this.#written)
    if (!isLess) return
    log.warning('history is missing that was kept before', {
      because:
        found === undefined
          ? 'history.db was removed, and a new one has been made'
          : 'history.db lacks its end: its log was removed, or an older file lies in its place',
    })
    ledger.writeLocal(() => removeFact(store, MARK))
    this.#written = undefined
  }

  start(): void {
    this.#timer = setInterval(() => this.#write(), WRITE_EVERY_MS)
  }

  /** Writes the last position. */
  stop(): void {
    clearInterval(this.#timer)
    this.#write()
  }

  #write(): void {
    const { history, ledger, onTrouble, store } = this.#parts
    const position = history.keptPosition
    if (position === undefined || position === this.#written) return
    try {
      ledger.writeLocal(() => writeFact(store, MARK, Buffer.from(position)))
      this.#written = position
    } catch (error) {
      onTrouble(error)
    }
  }
}
