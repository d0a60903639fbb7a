/** The checks that every request passes before its handler: who makes it, and whether it may write. */
import type { Soon } from '../core/soon.ts'
import { type Failure, type Result, failure } from '../failure.ts'
import { formToken } from '../identity/web-secret.ts'
import { hasRight } from '../policy/roles.ts'
import type { Actor } from '../service/audit/audit.ts'
import type { SignedIn } from '../service/accounts/sessions.ts'

import { readFormBody } from './form-body.ts'
import { showFailure } from './pages/failures.tsx'
import { isOwnOrigin, sessionSecret } from './request.ts'
import { forgery, hasFormToken } from './security.ts'
import type { PageRequest } from './page-request.ts'

export const LOOK_ONLY = failure('forbidden', 'your role lets you look, not change')
/** Paths of what people may do for themselves, whatever their role. */
const OWN_MATTERS =
  /^\/dashboard\/(sign-out|theme|account\/own|claim|invite|who|reservations\/preview)(\/|$)/
/** Paths that are open to people who have not signed in. */
const OPEN = /^\/dashboard\/(sign-in|sign-out|theme|claim|invite)(\/|$)/

type Next = () => Promise<void>

/** Finds who is signed in. Call again after every wait, because the session can end meanwhile. */
export function identifySignedIn(page: PageRequest): SignedIn | undefined {
  const { visit } = page.env
  const secret = sessionSecret(visit)
  const { sessions } = page.var.parts.services
  const signedIn = secret === undefined ? undefined : sessions.find(secret, visit.address)
  page.set('signedIn', signedIn)
  page.set('formToken', signedIn && secret !== undefined ? formToken(secret) : '')
  return signedIn
}

/**
 * Nothing is written for a request from elsewhere, whatever the form of its body, or without the token that only
 * our forms have (`hono/csrf` looks at forms only, and would let a cross-site JSON post in). Who may not write is
 * told so before the body is read, and who may is decided when it has come.
 */
export async function guardWrites(page: PageRequest, next: Next): Promise<Response | void> {
  const { method } = page.req
  if (method === 'GET' || method === 'HEAD') return next()
  if (method !== 'POST') return showFailure(page, failure('method_not_allowed'))
  if (!isOwnOrigin(page.env.visit, page.var.parts.publicUrl)) {
    const why = forgery(page.env.visit)
    page.var.parts.onRefusal(why, { address: page.env.visit.address })
    return showFailure(page, why)
  }
  const early = mayWrite(page)
  if (early) return showFailure(page, early)
  const fields = await readFormBody(page.env.visit)
  if (!fields.ok) return showFailure(page, fields.failure)
  page.set('fields', fields.value)
  // The write then meets no lock, and whether it is allowed is decided in the turn in which it happens.
  await page.var.parts.services.ledger.ready()
  const signedIn = identifySignedIn(page)
  if (signedIn && !hasFormToken(page, fields.value['form']))
    return showFailure(page, failure('cross_site', 'the page was too old; open it again'))
  const late = mayWrite(page)
  return late ? showFailure(page, late) : next()
}

/**
 * Writes settings for a page. Whoever asks must still be allowed to in the turn of the write, which may have waited;
 * the answer comes once the disk has it.
 * @param work is undone where it fails
 */
export function commit<T>(page: PageRequest, work: () => Result<T>): Soon<Result<T>> {
  return page.var.parts.services.ledger.commit((): Result<T> => {
    identifySignedIn(page)
    const refusal = mayWrite(page)
    return refusal ? { ok: false, failure: refusal } : work()
  })
}

function mayWrite(page: PageRequest): Failure | undefined {
  const { signedIn } = page.var
  const { path } = page.env.visit
  if (!signedIn) return OPEN.test(path) ? undefined : failure('sign_in_needed')
  return hasRight(signedIn.role, 'manage') || OWN_MATTERS.test(path) ? undefined : LOOK_ONLY
}

/** Names who makes the request in the audit records of what it changes. */
export function actAs(page: PageRequest, next: Next): Promise<void> {
  const { address } = page.env.visit
  return page.var.parts.services.audit.as(actorOf(page.var.signedIn, address), next)
}

/** The actor that audit records of this request name. */
function actorOf(signedIn: SignedIn | undefined, address: string): Actor {
  return signedIn
    ? { kind: 'person', name: signedIn.person.email, address }
    : { kind: 'stranger', name: 'somebody not signed in', address }
}
