/** What the forms of the account page do. */
/** @jsxImportSource hono/jsx */
import { type Result, fail, failure, ok } from '../../../failure.ts'
import { isRole } from '../../../policy/roles.ts'
import { dropSession } from '../../cookies.ts'
import { textField } from '../../fields.ts'
import { commit } from '../../guard.ts'
import { revealSecret, notify } from '../../notices.ts'
import {
  type PageRequest,
  redirectTo,
  href,
  serverAddress,
  requireSignedIn,
} from '../../page-request.ts'
import { Form } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { PageLink } from '../../view/components.tsx'
import { startSession } from '../sign-in.tsx'
import { sentence, showFailure } from '../failures.tsx'
import { showAccount } from './page.tsx'

/** People without a password prove their identity by a fresh sign-in. */
const FRESH_MS = 15 * 60_000

export async function changePassword(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const { person, account } = requireSignedIn(page)
  const { signInMethods } = page.var.parts.services
  const proof = await proveYourself(page, textField(fields, 'present'))
  if (!proof.ok) return showAccount(page, { present: sentence(proof.failure.message) })
  const hash = await signInMethods.hashOf({
    email: person.email,
    password: textField(fields, 'password'),
    address: page.env.visit.address,
  })
  if (!hash.ok) return showAccount(page, { password: sentence(hash.failure.message) })
  const changed = await commit(page, () => {
    // The session can have ended while the password was hashed.
    if (!page.var.signedIn) return fail('sign_in_needed')
    signInMethods.setPasswordHash(person.id, hash.value)
    return ok(startSession(page, person.id, account.id))
  })
  if (!changed.ok) return showFailure(page, changed.failure)
  return redirectTo(page, '/account')
}

async function proveYourself(page: PageRequest, present: string): Promise<Result<void>> {
  const { person, session } = requireSignedIn(page)
  const { signIn, parts } = page.var
  if (!person.hasPassword) {
    const isFresh = Math.abs(parts.clock.now() - session.createdAt) < FRESH_MS
    return isFresh ? ok(undefined) : fail('sign_in_needed', 'sign out and in again first')
  }
  if (!signIn.mayTry(`password ${person.id}`)) return fail('sign_in_rate')
  const fits = await parts.services.signInMethods.fits(person.id, present, page.env.visit.address)
  if (!fits.ok) return fits
  return fits.value ? ok(undefined) : fail('sign_in_refused', 'the current password is wrong')
}

export async function endSession(page: PageRequest): Promise<Response> {
  const id = textField(page.var.fields, 'session')
  const { person } = requireSignedIn(page)
  const { sessions } = page.var.parts.services
  const ended = await commit(page, () => ok(sessions.end(person.id, id)))
  if (!ended.ok) return showFailure(page, ended.failure)
  notify(page, ended.value ? 'That browser is signed out.' : 'That session had ended already.')
  return redirectTo(page, '/account')
}

export async function signOutEverywhere(page: PageRequest): Promise<Response> {
  const { sessions } = page.var.parts.services
  const { person } = requireSignedIn(page)
  const ended = await commit(page, () => ok(sessions.endAll(person.id)))
  if (!ended.ok) return showFailure(page, ended.failure)
  dropSession(page)
  return redirectTo(page, '/sign-in')
}

export async function disconnect(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const { signInMethods } = page.var.parts.services
  const { person } = requireSignedIn(page)
  const [provider, subject] = [textField(fields, 'provider'), textField(fields, 'subject')]
  const done = await commit(page, () => signInMethods.disconnect(person, provider, subject))
  if (!done.ok) notify(page, sentence(done.failure.message), 'bad')
  else notify(page, 'That is no longer a way to sign in.')
  return redirectTo(page, '/account')
}

export async function switchAccount(page: PageRequest): Promise<Response> {
  const wanted = textField(page.var.fields, 'account')
  const { person } = requireSignedIn(page)
  const role = page.var.parts.services.people.roleOf(person.id, wanted)
  if (role === undefined) return showFailure(page, failure('account_unknown'))
  const entered = await commit(page, () => ok(startSession(page, person.id, wanted)))
  if (!entered.ok) return showFailure(page, entered.failure)
  return redirectTo(page, '/')
}

export async function invite(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const { account } = requireSignedIn(page)
  const role = textField(fields, 'role')
  const note = textField(fields, 'note')
  if (!isRole(role)) return showFailure(page, failure('invalid', 'there is no such role'))
  const { oneTimeLinks } = page.var.parts.services
  const made = await commit(page, () => oneTimeLinks.invite(account, role, note))
  if (!made.ok) return showAccount(page, { note: sentence(made.failure.message) })
  const path = href(page, '/invite').slice(page.var.parts.basePath.length)
  const link = `${serverAddress(page)}${path}?token=${made.value}`
  revealSecret(
    page,
    'The invitation. Send this link; it works once, for a week, and is not shown again.',
    link,
  )
  return redirectTo(page, '/account')
}

export async function withdraw(page: PageRequest): Promise<Response> {
  const { oneTimeLinks } = page.var.parts.services
  const { account } = requireSignedIn(page)
  const id = page.req.param('id') ?? ''
  const done = await commit(page, () => oneTimeLinks.withdraw(account, id))
  if (!done.ok) return showFailure(page, done.failure)
  notify(page, 'The invitation no longer works.')
  return redirectTo(page, '/account')
}

export async function changeRole(page: PageRequest): Promise<Response> {
  const role = textField(page.var.fields, 'role')
  const { account, person } = requireSignedIn(page)
  if (!isRole(role)) return showFailure(page, failure('invalid', 'there is no such role'))
  const id = page.req.param('id') ?? ''
  const { people } = page.var.parts.services
  const changed = await commit(page, () => people.setRole(account, id, role))
  if (!changed.ok) notify(page, sentence(changed.failure.message), 'bad')
  else notify(page, 'The role is changed; that person signs in again to have it.')
  return redirectTo(page, changed.ok && id === person.id ? '/' : '/account')
}

export function askToRemovePerson(page: PageRequest): Response | Promise<Response> {
  const member = memberOf(page)
  if (!member) return showFailure(page, failure('person_unknown'))
  const isSelf = member.id === requireSignedIn(page).person.id
  return show(
    page,
    {
      title: `Remove ${member.email}?`,
      section: '/account',
      crumbs: [['Account', '/account']],
      lead: isSelf
        ? 'That is you: you are signed out at once. What you have reserved and made stays.'
        : 'They are signed out at once. What they have reserved and made stays.',
    },
    <Form action={`/account/people/${member.id}/remove`} class="row">
      <button class="button danger primary">Remove {member.email}</button>
      <PageLink class="button" path="/account" cancel>
        {isSelf ? 'Stay' : 'Keep them'}
      </PageLink>
    </Form>,
  )
}

export async function removePerson(page: PageRequest): Promise<Response> {
  const member = memberOf(page)
  if (!member) return showFailure(page, failure('person_unknown'))
  const { people } = page.var.parts.services
  const { account } = requireSignedIn(page)
  const removed = await commit(page, () => people.remove(account, member.id))
  if (!removed.ok) notify(page, sentence(removed.failure.message), 'bad')
  else notify(page, `${member.email} is no longer a member.`)
  return redirectTo(page, '/account')
}

function memberOf(page: PageRequest) {
  const id = page.req.param('id') ?? ''
  const { people } = page.var.parts.services
  return people.members(requireSignedIn(page).account).find((member) => member.id === id)
}
