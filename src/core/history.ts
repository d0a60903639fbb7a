/** The seam to what channels remember. One implementation keeps it in memory, another in SQLite. */
import type { Annotation, ChannelRef, KeptMessage, PresenceMessage } from './types.ts'

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
export type Entry =
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

/** The answers are as the entries were; a message is in its latest state. Reads see every earlier `append`. */
export interface History {
  /**
   * Takes all entries or none.
   * @returns once they are kept as well as this history keeps anything
   */
  append(channel: ChannelRef, entries: readonly Entry[]): Promise<void>
  messages(channel: ChannelRef, page: Page): Slice<KeptMessage>
  message(channel: ChannelRef, serial: string): KeptMessage | undefined
  /** The listed states of a message, by version serial. */
  versions(channel: ChannelRef, serial: string, page: Page): Slice<KeptMessage>
  presence(channel: ChannelRef, page: Page): Slice<PresenceMessage>
  annotations(channel: ChannelRef, messageSerial: string, page: Page): Slice<Annotation>
  /** Forgets everything of a realm: an app was deleted. */
  forget(realm: string): void
}
