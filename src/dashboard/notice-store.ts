/** Keeps notices for the next page of each session: "saved", warnings, and secrets that are shown once. */
import type { Tone } from './tone.ts'

export interface PendingNotice {
  readonly tone: Tone
  readonly text: string
  /** Something that is shown this once and never again. */
  readonly secret?: string
}

/** Kept in memory, so that secrets are in neither addresses nor cookies. */
export class NoticeStore {
  readonly #pending = new Map<string, PendingNotice[]>()

  add(sessionId: string, notice: PendingNotice): void {
    const known = this.#pending.get(sessionId) ?? []
    // A browser that never comes back must not make this grow.
    this.#pending.set(sessionId, [...known, notice].slice(-5))
    if (this.#pending.size > MAX_SESSIONS) this.#pending.delete(this.#pending.keys().next().value!)
  }

  take(sessionId: string): readonly PendingNotice[] {
    const found = this.#pending.get(sessionId) ?? []
    this.#pending.delete(sessionId)
    return found
  }
}

const MAX_SESSIONS = 1000
