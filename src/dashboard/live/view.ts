/** Something that pages look at while they are open. */
import type { LiveUpdate } from './updates.ts'

export interface LiveView {
  /** To be called every second, and when somebody more looks at it. */
  look(): void
  /** Somebody more looks at it, who knows nothing yet. */
  joined(): void
  /** Nobody looks at it any more. */
  end(): void
}

/** Tells everybody who looks at it. */
export type PublishUpdate = (update: LiveUpdate) => void
