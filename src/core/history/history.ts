/** The seam to what channels remember. One implementation keeps it in memory, another in SQLite. */
import { type Failure, type Result, failure, ok } from '../../failure.ts'
import type { Annotation, ChannelRef, KeptMessage, PresenceMessage } from '../types.ts'

/**
 * Which part of a list is wanted. All bounds hold together; times are milliseconds since the epoch, inclusive.
 * A message has the time of its creation whatever became of it, and in a list of versions that of the version.
 */
export interface Page {
  readonly direction: 'backwards' | 'forwards'
  /** At least 1. */
  readonly limit: number
  /** Bytes after which the page ends early, about; it has one item all the same. As many as there are, if left out. */
  readonly maxBytes?: number | undefined
  readonly start?: number | undefined
  readonly end?: number | undefined
  /** A position of the channel: only what stands at or before it. */
  readonly until?: string | undefined
  /** Where the page before this one ended: only what comes after that, in the page's direction. */
  readonly after?: string | undefined
}

export interface Slice<T> {
  readonly items: readonly T[]
  /** What `after` has to be for the next page; undefined when there is nothing more. */
  readonly next: string | undefined
  /** About what the items take in memory. */
  readonly bytes: number
}

/** Something to remember. Serials and positions only grow; the same entry is never given twice. */
export type HistoryEntry =
  /** A message that was created. */
  | { readonly kind: 'message'; readonly message: KeptMessage; readonly position: string }
  /** Another state of a message: it takes the place of the one before at the original's position. */
  | {
      readonly kind: 'version'
      readonly message: KeptMessage
      /** Appends are not: they change the last listed version, unless that is how the message was created. */
      readonly isListed: boolean
    }
  | { readonly kind: 'presence'; readonly change: PresenceMessage; readonly position: string }
  | {
      readonly kind: 'annotation'
      readonly annotation: Annotation
      /**
       * The annotated message with what its annotations now come to; undefined where a later entry that is given with
       * this one has it.
       */
      readonly message: KeptMessage | undefined
    }

/**
 * Why something is not kept, or cannot be read. Its message is for the log: it says what is wrong with the disk or
 * the file, and holds nothing of what was to be written.
 */
export class HistoryFault extends Error {
  override readonly name = 'HistoryFault'
  /** What whoever published or asked is told. */
  readonly failure: Failure

  constructor(message: string, told: Failure, options?: ErrorOptions) {
    super(message, options)
    this.failure = told
  }

  /** What cannot be done because of it, in words of the log. */
  get title(): string {
    const isReading = this.failure.name === 'history_unreadable'
    return isReading ? 'history cannot be read' : 'history cannot be kept'
  }
}

/** What was read, or what whoever asked is told of a history that cannot be. */
export function readHistory<T>(read: () => T): Result<T> {
  try {
    return ok(read())
  } catch (error) {
    if (error instanceof HistoryFault) return { ok: false, failure: error.failure }
    throw error
  }
}

/** What a publisher is told of something that was not kept. */
export function notKept(error: unknown): Failure {
  return error instanceof HistoryFault ? error.failure : failure('not_kept')
}

/** The answers are as the entries were; a message is in its latest state. Reads see every earlier `append`, or throw a `HistoryFault`. */
export interface History {
  /** What keeps it from taking more now, so that nobody is told of what it would not take; left out where nothing can. */
  refusal?(): Failure | undefined
  /**
   * Takes all entries or none.
   * @returns once they are kept as well as this history keeps anything
   */
  append(channel: ChannelRef, entries: readonly HistoryEntry[]): Promise<void>
  messages(channel: ChannelRef, page: Page): Slice<KeptMessage>
  /** Of the same page what names the messages, at no cost for what they hold. */
  serials(channel: ChannelRef, page: Page): Slice<string>
  message(channel: ChannelRef, serial: string): KeptMessage | undefined
  /** The listed states of a message, by version serial. */
  versions(channel: ChannelRef, serial: string, page: Page): Slice<KeptMessage>
  presence(channel: ChannelRef, page: Page): Slice<PresenceMessage>
  annotations(channel: ChannelRef, messageSerial: string, page: Page): Slice<Annotation>
  /** Forgets everything of a realm: an app was deleted. */
  forget(realm: string): void
}
