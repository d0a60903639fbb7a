/**
 * Counts open files against the limit of the process: each connection is one. With none left the system would wake the
 * server for every new connection and let it accept none, so connections are refused while some are still in reserve.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs'

export interface FileLimit {
  /** Infinity for `unlimited`. */
  readonly soft: number
  readonly hard: number
}

/** Files kept in reserve for databases, backups, logs, and for connections that are told why they are refused. */
const MIN_RESERVE = 32
const MAX_RESERVE = 256
const LOOK_EVERY_MS = 250
const FOLDER = '/proc/self/fd'

export class OpenFiles {
  /** Infinite where it cannot be known. */
  readonly limit: number
  readonly #reserve: number
  readonly #count: () => number
  readonly #onChange: (isFull: boolean, limit: number) => void
  #open = 0
  #isToldFull = false
  #timer: Timer | undefined

  /**
   * @param onChange called once when no file is left for another connection, and once when there are enough again
   * @param count counts the files that are open now
   */
  constructor(
    onChange: (isFull: boolean, limit: number) => void,
    limit: number = fileLimit(),
    count: () => number = countOpen,
  ) {
    this.#onChange = onChange
    this.limit = limit
    this.#count = count
    this.#reserve = Math.min(MAX_RESERVE, Math.max(MIN_RESERVE, Math.floor(limit / 4)))
    this.look()
  }

  /** Open files as last counted, and the connections that have come since. */
  get open(): number {
    return this.#open
  }

  /** How many connections there is room for at most. */
  get room(): number {
    return Math.max(1, this.limit - this.#reserve)
  }

  /** Whether connections that wait for the next request of somebody should be given back. */
  get isScarce(): boolean {
    return this.#open > this.limit - 2 * this.#reserve
  }

  /** Whether no file is left for another connection. */
  get isFull(): boolean {
    return this.#open > this.limit - this.#reserve
  }

  /** Call for each new connection: files are counted only every 250 ms. */
  opened(): void {
    this.#open++
    // Whoever comes next is refused, though there may be room when it is looked at.
    if (!this.#isToldFull) this.#tell()
  }

  look(): void {
    if (this.limit === Infinity) return
    this.#open = this.#count()
    this.#tell()
  }

  #tell(): void {
    const isFull = this.#isToldFull ? this.isScarce : this.isFull
    if (isFull === this.#isToldFull) return
    this.#isToldFull = isFull
    this.#onChange(isFull, this.limit)
  }

  start(): void {
    if (this.limit !== Infinity) this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Reads the row of `/proc/PID/limits`. */
export function parseLimit(text: string): FileLimit | undefined {
  const row = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(text)
  if (!row) return undefined
  return { soft: limitNumber(row[1]), hard: limitNumber(row[2]) }
}

function limitNumber(word: string | undefined): number {
  return word === 'unlimited' ? Infinity : Number(word)
}

function fileLimit(): number {
  try {
    return parseLimit(readFileSync('/proc/self/limits', 'utf8'))?.soft ?? Infinity
  } catch {
    return Infinity
  }
}

/** Since Linux 6.2 the size of the folder says it (proc(5)), and looking takes no file; before, its entries are counted. */
function countOpen(): number {
  try {
    return statSync(FOLDER).size || readdirSync(FOLDER).length
  } catch {
    // No file is left to open the folder with.
    return Infinity
  }
}
