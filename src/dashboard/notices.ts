/** What is to be said on the next page that a session opens: "saved", warnings, and secrets that are shown once. */
import type { Page } from './site.ts'
import type { Tone } from './view/parts.tsx'

export interface PendingNotice {
  readonly tone: Tone
  readonly text: string
  /** Something that is shown this once and never again. */
  readonly secret?: string
}

/** Kept in memory, so that neither addresses nor cookies carry what is said. */
export class Notices {
  readonly #pending = new Map<string, PendingNotice[]>()

  add(sessionId: string, notice: PendingNotice): void {
    const known = this.#pending.get(sessionId) ?? []
    // Of a browser that never comes back, no more than a few are kept.
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

/** Says something on the next page of whoever is signed in. */
export function tell(page: Page, text: string, tone: Tone = 'good'): void {
  const { visitor, notices } = page.var
  if (visitor) notices.add(visitor.session.id, { tone, text })
}

/** Shows a secret on the next page, and then no more. */
export function reveal(page: Page, text: string, secret: string): void {
  const { visitor, notices } = page.var
  if (visitor) notices.add(visitor.session.id, { tone: 'good', text, secret })
}

export function takeNotices(page: Page): readonly PendingNotice[] {
  const { visitor, notices } = page.var
  return visitor ? notices.take(visitor.session.id) : []
}
