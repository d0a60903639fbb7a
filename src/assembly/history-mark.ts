/**
 * How far the history has come, written down beside the settings: a server that starts notices when the file, or the
 * log that held its end, is no longer there, or an older one lies in its place.
 */
import type { Logger } from '../ops/logs.ts'
import { readFact, removeFact, writeFact } from '../store/tables/facts.ts'
import type { HistoryLog } from '../store/history/history-log.ts'
import type { Store } from '../store/database.ts'
import type { Ledger } from '../store/ledger/ledger.ts'

/** The fact that holds the greatest position that was kept. */
const MARK = 'history-position'
const WRITE_EVERY_MS = 5000

export interface HistoryMarkParts {
  readonly store: Store
  readonly ledger: Ledger
  readonly history: HistoryLog
  readonly log: Pick<Logger, 'warning'>
  /** Told what keeps it from being written; it is tried again. */
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

  /** The greatest position of all that was ever kept, whatever has become of it. */
  get lastPosition(): string | undefined {
    const found = this.#parts.history.latestPosition()
    const known = this.#written
    return known !== undefined && (found === undefined || found < known) ? known : found
  }

  /**
   * To be called before anything is kept: says once what is no longer there.
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

  /** Writes what is left. */
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
