/** Notices for the next page of the person who is signed in. */
import type { PendingNotice } from './notice-store.ts'
import type { PageRequest } from './page-request.ts'
import type { Tone } from './tone.ts'

/** Shows a notice on the next page. */
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
