/**
 * How many files the process may open, and has: each connection is one. Where none is left the system wakes the server
 * for every new connection and lets it take none, so they are refused while there are still some in reserve.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs'

export interface FileLimit {
  /** Infinity for `unlimited`. */
  readonly soft: number
  readonly hard: number
}

/** What is kept for databases, backups, logs and for those who are told that there is no room. */
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
   * @param onChange told once when there are none for another connection, and once when there are plenty again
   * @param count what is open now
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

  /** As of a moment ago, with the connections that have come since. */
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

  /** Whether there are none for another connection. */
  get isFull(): boolean {
    return this.#open > this.limit - this.#reserve
  }

  /** To be told of a connection that stays, because it is not looked at each time. */
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
    // There is none left to look with.
    return Infinity
  }
}
