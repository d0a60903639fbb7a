/** What the next page of whoever is signed in says first. */
import type { PendingNotice } from './notice-store.ts'
import type { PageRequest } from './page-request.ts'
import type { Tone } from './tone.ts'

/** Says something on the next page of whoever is signed in. */
export function notify(page: PageRequest, text: string, tone: Tone = 'good'): void {
  const { signedIn, notices } = page.var
  if (signedIn) notices.add(signedIn.session.id, { tone, text })
}

/** Shows a secret on the next page, and then no more. */
export function revealSecret(page: PageRequest, text: string, secret: string): void {
  const { signedIn, notices } = page.var
  if (signedIn) notices.add(signedIn.session.id, { tone: 'good', text, secret })
}

export function takeNotices(page: PageRequest): readonly PendingNotice[] {
  const { signedIn, notices } = page.var
  return signedIn ? notices.take(signedIn.session.id) : []
}
