/** What the forms of the account page do. */
/** @jsxImportSource hono/jsx */
import { type Result, fail, failure, ok } from '../../../failure.ts'
import { isRole } from '../../../policy/roles.ts'
import { dropSession } from '../../cookies.ts'
import { readFields, textField } from '../../forms.ts'
import { identifyVisitor } from '../../guard.ts'
import { reveal, tell } from '../../notices.ts'
import { type Page, goTo, href, serverAddress, visitorOf } from '../../site.ts'
import { Form } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { To } from '../../view/parts.tsx'
import { enter } from '../door.tsx'
import { sentence, showFailure } from '../failures.tsx'
import { showAccount } from './page.tsx'

/** Who has no password proves who they are by having signed in just now. */
const FRESH_MS = 15 * 60_000

export async function changePassword(page: Page): Promise<Response> {
  const fields = await readFields(page)
  const { person, account } = visitorOf(page)
  const { people } = page.var.parts.services
  const proof = await proveYourself(page, textField(fields, 'present'))
  if (!proof.ok) return showAccount(page, { present: sentence(proof.failure.message) })
  const hash = await people.hashOf({
    email: person.email,
    password: textField(fields, 'password'),
    address: page.env.visit.address,
  })
  if (!hash.ok) return showAccount(page, { password: sentence(hash.failure.message) })
  // Hashing takes its time, in which the session can have ended.
  if (!identifyVisitor(page)) return showFailure(page, failure('sign_in_needed'))
  people.setPasswordHash(person.id, hash.value)
  enter(page, person.id, account.id)
  return goTo(page, '/account')
}

async function proveYourself(page: Page, present: string): Promise<Result<void>> {
  const { person, session } = visitorOf(page)
  const { signIn, parts } = page.var
  if (!person.hasPassword) {
    const isFresh = Math.abs(parts.clock.now() - session.createdAt) < FRESH_MS
    return isFresh ? ok(undefined) : fail('sign_in_needed', 'sign out and in again first')
  }
  if (!signIn.mayTry(`password ${person.id}`)) return fail('sign_in_rate')
  const fits = await parts.services.people.fits(person.id, present, page.env.visit.address)
  if (!fits.ok) return fits
  return fits.value ? ok(undefined) : fail('sign_in_refused', 'the current password is wrong')
}

export async function endSession(page: Page): Promise<Response> {
  const id = textField(await readFields(page), 'session')
  const { person } = visitorOf(page)
  const ended = page.var.parts.services.sessions.end(person.id, id)
  tell(page, ended ? 'That browser is signed out.' : 'That session had ended already.')
  return goTo(page, '/account')
}

export function signOutEverywhere(page: Page): Response {
  page.var.parts.services.sessions.endAll(visitorOf(page).person.id)
  dropSession(page)
  return goTo(page, '/sign-in')
}

export async function disconnect(page: Page): Promise<Response> {
  const fields = await readFields(page)
  const { people } = page.var.parts.services
  const { person } = visitorOf(page)
  const [provider, subject] = [textField(fields, 'provider'), textField(fields, 'subject')]
  const done = people.disconnect(person, provider, subject)
  if (!done.ok) tell(page, sentence(done.failure.message), 'bad')
  else tell(page, 'That is no longer a way to sign in.')
  return goTo(page, '/account')
}

export async function switchAccount(page: Page): Promise<Response> {
  const wanted = textField(await readFields(page), 'account')
  const { person } = visitorOf(page)
  const role = page.var.parts.services.people.roleOf(person.id, wanted)
  if (role === undefined) return showFailure(page, failure('account_unknown'))
  enter(page, person.id, wanted)
  return goTo(page, '/')
}

export async function invite(page: Page): Promise<Response> {
  const fields = await readFields(page)
  const { account } = visitorOf(page)
  const role = textField(fields, 'role')
  const note = textField(fields, 'note')
  if (!isRole(role)) return showFailure(page, failure('invalid', 'there is no such role'))
  const made = page.var.parts.services.links.invite(account, role, note)
  if (!made.ok) return showAccount(page, { note: sentence(made.failure.message) })
  const path = href(page, '/invite').slice(page.var.parts.basePath.length)
  const link = `${serverAddress(page)}${path}?token=${made.value}`
  reveal(
    page,
    'The invitation. Send this link; it works once, for a week, and is not shown again.',
    link,
  )
  return goTo(page, '/account')
}

export function withdraw(page: Page): Response | Promise<Response> {
  const { links } = page.var.parts.services
  const done = links.withdraw(visitorOf(page).account, page.req.param('id') ?? '')
  if (!done.ok) return showFailure(page, done.failure)
  tell(page, 'The invitation no longer works.')
  return goTo(page, '/account')
}

export async function changeRole(page: Page): Promise<Response> {
  const role = textField(await readFields(page), 'role')
  const { account, person } = visitorOf(page)
  if (!isRole(role)) return showFailure(page, failure('invalid', 'there is no such role'))
  const id = page.req.param('id') ?? ''
  const changed = page.var.parts.services.people.setRole(account, id, role)
  if (!changed.ok) tell(page, sentence(changed.failure.message), 'bad')
  else tell(page, 'The role is changed; that person signs in again to have it.')
  return goTo(page, changed.ok && id === person.id ? '/' : '/account')
}

export function askToRemovePerson(page: Page): Response | Promise<Response> {
  const member = memberOf(page)
  if (!member) return showFailure(page, failure('person_unknown'))
  const isSelf = member.id === visitorOf(page).person.id
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
      <To class="button" path="/account" cancel>
        {isSelf ? 'Stay' : 'Keep them'}
      </To>
    </Form>,
  )
}

export function removePerson(page: Page): Response | Promise<Response> {
  const member = memberOf(page)
  if (!member) return showFailure(page, failure('person_unknown'))
  const removed = page.var.parts.services.people.remove(visitorOf(page).account, member.id)
  if (!removed.ok) tell(page, sentence(removed.failure.message), 'bad')
  else tell(page, `${member.email} is no longer a member.`)
  return goTo(page, '/account')
}

function memberOf(page: Page) {
  const id = page.req.param('id') ?? ''
  const { people } = page.var.parts.services
  return people.members(visitorOf(page).account).find((member) => member.id === id)
}
