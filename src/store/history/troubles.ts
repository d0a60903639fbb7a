/** What is wrong with the history, told once however often it is met, and whether it is over. */
import type { HistoryFault } from '../../core/history/history.ts'
import { FileGone } from '../ledger/durability.ts'

export interface TroubleListeners {
  readonly onFault: (fault: HistoryFault) => void
  readonly onRecovered?: () => void
}

export class HistoryTroubles {
  readonly #listeners: TroubleListeners
  readonly #told = new Set<string>()
  #gone: HistoryFault | undefined

  constructor(listeners: TroubleListeners) {
    this.#listeners = listeners
  }

  /** Set while what is written would go into files that nobody will find. */
  get gone(): HistoryFault | undefined {
    return this.#gone
  }

  tell(fault: HistoryFault): void {
    if (fault.cause instanceof FileGone) this.#gone = fault
    if (this.#told.has(fault.message)) return
    this.#told.add(fault.message)
    this.#listeners.onFault(fault)
  }

  /** Ends the trouble with writing after a successful commit. Damaged pages stay damaged. */
  written(): void {
    if (this.#told.size === 0) return
    const isOver = [...this.#told].filter((message) => !message.includes('damaged'))
    for (const message of isOver) this.#told.delete(message)
    if (isOver.length > 0) this.#listeners.onRecovered?.()
  }

  /** Ends the trouble with exchanged files once the files on disk are the opened ones again. */
  found(): void {
    this.#gone = undefined
  }
}
