/** The updates that open pages get, as the server writes and the script reads them. */

/** Something that happened on a channel. */
export interface WireEntry {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly who: string
  readonly words: string
  readonly name: string
  readonly body: string
  /** Describes the body where it cannot be shown as text. */
  readonly note: string
}

export interface LogUpdate {
  readonly entries: readonly WireEntry[]
  /** How many more entries there were at the same time. */
  readonly skipped: number
  /** Whether something may be missing before these. */
  readonly gap: boolean
  /** Where the page can continue from. */
  readonly position: string
}

export interface PartUpdate {
  readonly html: string
}

/** No more updates will come. */
export interface EndUpdate {
  readonly over: true
}

export type LiveUpdate = LogUpdate | PartUpdate | EndUpdate
