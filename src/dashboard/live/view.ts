/** Something that open pages are kept up to date about. */
import type { LiveUpdate } from './updates.ts'

export interface LiveView {
  /** Refreshes it. Called every second, and when a reader joins. */
  look(): void
  /** A reader joined, who needs a complete update. */
  joined(): void
  /** The last reader left. */
  end(): void
}

/** Sends an update to all readers of a view. */
export type PublishUpdate = (update: LiveUpdate) => void
