/** Samples of the server's health: memory, delay of the event loop, bytes on the disk; now, and over the last hour. */
import { readdirSync, statSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { LoopDelay } from './metrics.ts'
import { residentBytes } from './resident-memory.ts'

export interface HealthSample {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Resident memory. */
  readonly memoryBytes: number
  /** Longest delay of a timer since the sample before, in milliseconds. */
  readonly delayMs: number
}

export interface DiskUse {
  readonly folder: string
  readonly settingsBytes: number
  readonly historyBytes: number
  readonly backupBytes: number
  /** Free bytes of the disk that the data folder is on. */
  readonly freeBytes: number
}

export interface HealthNow extends HealthSample {
  readonly startedAt: number
  /** Undefined where everything is in memory. */
  readonly disk: DiskUse | undefined
}

export interface HealthParts {
  readonly folder: string | undefined
  readonly loopDelay: LoopDelay
  readonly clock: Clock
}

const EVERY_MS = 30_000
const HOUR_MS = 3_600_000

export class Health {
  readonly #parts: HealthParts
  readonly #startedAt: number
  readonly #samples: HealthSample[] = []
  #timer: Timer | undefined

  constructor(parts: HealthParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
  }

  start(): void {
    this.#take()
    this.#timer = setInterval(() => this.#take(), EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Samples of the last hour, the oldest first. */
  samples(): readonly HealthSample[] {
    return this.#samples
  }

  now(): HealthNow {
    const { clock, folder, loopDelay } = this.#parts
    return {
      at: clock.now(),
      memoryBytes: residentBytes(),
      delayMs: loopDelay.milliseconds,
      startedAt: this.#startedAt,
      disk: folder === undefined ? undefined : diskUse(folder),
    }
  }

  #take(): void {
    const { clock, loopDelay } = this.#parts
    this.#samples.push({
      at: clock.now(),
      memoryBytes: residentBytes(),
      delayMs: loopDelay.takeWorst(),
    })
    if (this.#samples.length > HOUR_MS / EVERY_MS) this.#samples.shift()
  }
}

function diskUse(folder: string): DiskUse {
  const { bavail, bsize } = statfsSync(folder)
  return {
    folder,
    settingsBytes: bytesIn(folder, (name) => name.startsWith('latchkey.db')),
    historyBytes: bytesIn(folder, (name) => name.startsWith('history.db')),
    backupBytes: bytesIn(join(folder, 'backups'), () => true),
    freeBytes: bavail * bsize,
  }
}

/** Bytes of the files directly in a folder; files may come and go meanwhile. */
function bytesIn(folder: string, counts: (name: string) => boolean): number {
  let names: string[] = []
  try {
    names = readdirSync(folder).filter(counts)
  } catch {
    // The folder is made when the first file is written to it.
  }
  return names
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0)
}
