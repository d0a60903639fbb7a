/** What open pages are told, as the server writes it and the script reads it. */

/** Something that happened on a channel. */
export interface WireEntry {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly who: string
  readonly words: string
  readonly name: string
  readonly body: string
  /** What the body is, where that cannot be seen. */
  readonly note: string
}

export interface LogUpdate {
  readonly entries: readonly WireEntry[]
  /** How many there were more, at a time. */
  readonly skipped: number
  /** Whether something may be missing before these. */
  readonly gap: boolean
  /** Where to go on from. */
  readonly position: string
}

export interface PartUpdate {
  readonly html: string
}

/** There is nothing more to come. */
export interface EndUpdate {
  readonly over: true
}

export type LiveUpdate = LogUpdate | PartUpdate | EndUpdate
