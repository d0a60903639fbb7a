/** What the next page of whoever is signed in says first. */
import type { PendingNotice } from './notice-store.ts'
import type { PageRequest } from './page-request.ts'
import type { Tone } from './tone.ts'

/** Says something on the next page of whoever is signed in. */
export function notify(page: PageRequest, text: string, tone: Tone = 'good'): void {
  const { visitor, notices } = page.var
  if (visitor) notices.add(visitor.session.id, { tone, text })
}

/** Shows a secret on the next page, and then no more. */
export function revealSecret(page: PageRequest, text: string, secret: string): void {
  const { visitor, notices } = page.var
  if (visitor) notices.add(visitor.session.id, { tone: 'good', text, secret })
}

export function takeNotices(page: PageRequest): readonly PendingNotice[] {
  const { visitor, notices } = page.var
  return visitor ? notices.take(visitor.session.id) : []
}
