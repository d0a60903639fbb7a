/**
 * Makes room when the disk budget is used up, or the limit of an app: the oldest entries of the share that has most
 * go first. A step looks at a bounded number of entries, so what is to go is found bit by bit.
 */
import type { Statement } from 'bun:sqlite'
import { greatest } from '../../policy/shares.ts'
import type { HistoryFile, Kind } from './history-file.ts'
import type { LastMessages } from './last-messages.ts'
import type { Removable, Removal } from './removal.ts'
import type { Usage } from './usage.ts'

export interface TrimmingOptions {
  /** MiB that all may take up together; 0 for no bound. */
  readonly diskMb: number
  readonly shareOf: (realm: string) => string
  /** MiB that an app may take up; 0 for no bound of its own. */
  readonly diskMbOf: (realm: string) => number
}

export interface TrimmingParts {
  readonly file: HistoryFile
  readonly usage: Usage
  readonly removal: Removal
  readonly lastMessages: LastMessages
}

const MIB = 1_048_576
/** Entries of all apps that a step passes while it looks for those of one. */
const WINDOW = 5000
const STEP_ENTRIES = 500

interface Candidate extends Removable {
  readonly kind: Kind
  readonly serial: string
}

/** How far the entries of a realm have been looked at. */
interface Progress {
  /** What is left up to this id is spared. */
  spared: number
  /** Where there is nothing but what is spared: up to which id that has been taken too. */
  taken: number | undefined
}

/** Who has to give, and whether still more. */
interface Giver {
  readonly realm: string
  readonly isMore: () => boolean
}

/** Entries by their ids: those after the first, up to the last. */
interface Stretch {
  readonly from: number
  readonly until: number
  /** Whether the last message of each channel stays. */
  readonly sparesLast: boolean
}

export class Trimming {
  readonly #parts: TrimmingParts
  readonly #options: TrimmingOptions
  readonly #next: Statement<Candidate, [number, number, string]>
  readonly #last: Statement<{ id: number | null }, []>
  readonly #progress = new Map<string, Progress>()

  constructor(parts: TrimmingParts, options: TrimmingOptions) {
    this.#parts = parts
    this.#options = options
    const { file } = parts
    this.#next = file.prepare(
      `SELECT entries.id, channel, kind, serial, has_parts AS hasParts, length(body) AS bytes
       FROM entries JOIN channels ON channels.id = channel
       WHERE entries.id > ? AND entries.id <= ? AND realm = ? ORDER BY entries.id LIMIT ${STEP_ENTRIES}`,
    )
    this.#last = file.prepare('SELECT max(id) AS id FROM entries')
  }

  /** @returns whether there may be more to do at once */
  step(): boolean {
    const giver = this.#tooLarge() ?? (this.#isOverBudget() ? this.#greatest() : undefined)
    if (!giver) return false
    this.#trim(giver)
    return true
  }

  #isOverBudget(): boolean {
    const { diskMb } = this.#options
    return diskMb > 0 && this.#parts.file.usedBytes() > diskMb * MIB
  }

  #isTooLarge(realm: string): boolean {
    const max = this.#options.diskMbOf(realm)
    return max > 0 && this.#parts.usage.of(realm) > max * MIB
  }

  /** An app that has more than its own limit. */
  #tooLarge(): Giver | undefined {
    for (const realm of this.#parts.usage.bytes.keys())
      if (this.#isTooLarge(realm)) return { realm, isMore: () => this.#isTooLarge(realm) }
    return undefined
  }

  greatestBytes(): number {
    return Math.max(0, ...this.#shares().values())
  }

  #shares(): Map<string, number> {
    const shares = new Map<string, number>()
    for (const [realm, bytes] of this.#parts.usage.bytes) {
      const share = this.#options.shareOf(realm)
      shares.set(share, (shares.get(share) ?? 0) + bytes)
    }
    return shares
  }

  /** Of the share that has most, the app that has most, for as long as that is so. */
  #greatest(): Giver | undefined {
    const { usage } = this.#parts
    const shares = this.#shares()
    const most = greatest(shares, ([, bytes]) => bytes)?.[0]
    if (most === undefined) return undefined
    const own = [...usage.bytes].filter(([realm]) => this.#options.shareOf(realm) === most)
    const realm = greatest(own, ([, bytes]) => bytes)![0]
    const ofShare = shares.get(most)!
    const bytes = usage.of(realm)
    shares.delete(most)
    const second = Math.max(0, ...shares.values())
    const floor = Math.max(
      bytes - (ofShare - second),
      ...own.map(([other, its]) => (other === realm ? 0 : its)),
    )
    return { realm, isMore: () => this.#isOverBudget() && usage.of(realm) >= floor }
  }

  #trim({ realm, isMore }: Giver): void {
    const progress = this.#progressOf(realm)
    const last = this.#last.get()?.id ?? 0
    const from = progress.taken ?? progress.spared
    const until = Math.min(from + WINDOW, last)
    const range = { from, until, sparesLast: progress.taken === undefined }
    const at = this.#walk(realm, range, isMore)
    if (progress.taken === undefined) progress.spared = at
    else progress.taken = at
    // Everything has been looked at: now those go that were spared, for as long as there is too much.
    if (at >= last) progress.taken = progress.taken === undefined ? 0 : undefined
    if (!this.#isOverBudget() && !this.#isTooLarge(realm)) progress.taken = undefined
  }

  /** @returns the id up to which it has come */
  #walk(realm: string, { from, until, sparesLast }: Stretch, isMore: () => boolean): number {
    const { lastMessages, removal } = this.#parts
    const found = this.#next.all(from, until, realm)
    let at = from
    for (const candidate of found) {
      if (!isMore()) return at
      const isSpared = sparesLast && lastMessages.isKept(candidate)
      if (!isSpared && !removal.entry(candidate)) return at
      at = candidate.id
    }
    return found.length === STEP_ENTRIES ? at : until
  }

  #progressOf(realm: string): Progress {
    let progress = this.#progress.get(realm)
    if (!progress) this.#progress.set(realm, (progress = { spared: 0, taken: undefined }))
    return progress
  }

  /** Forgets which last messages are spared: they may not be the last of their channels any more, or a step was undone. */
  beginAnew(): void {
    this.#progress.clear()
  }
}
