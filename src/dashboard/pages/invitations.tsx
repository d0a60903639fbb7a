/** The pages behind one-time links: claiming an account, and accepting an invitation. */
/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import { type Failure, failure } from '../../failure.ts'
import type { Role } from '../../policy/roles.ts'
import type { OneTimeLink, OneTimeLinkKind } from '../../service/accounts/one-time-links.ts'
import type { SignedIn } from '../../service/accounts/sessions.ts'
import type { JoinedPerson } from '../../service/accounts/sign-up.ts'
import { emailFault } from '../../service/accounts/people.ts'
import { type Faults, textField } from '../fields.ts'
import { type Env, type PageRequest, redirectTo } from '../page-request.ts'
import { Field, Form } from '../view/forms.tsx'
import { showSignedOut } from '../view/layout.tsx'
import { Notice, PageLink } from '../view/components.tsx'
import { PlainWarning } from '../view/unencrypted-warning.tsx'
import { ProviderLinks } from '../view/provider-links.tsx'
import { accountText } from '../format.ts'
import { startSession } from './sign-in.tsx'
import { sentence, showFailure, tellWhen } from './failures.tsx'

export function invitationPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/claim', (page) => showClaim(page, page.req.query('token') ?? ''))
  app.post('/claim', claim)
  app.post('/claim/join', (page) => join(page, 'claim'))
  app.get('/invite', (page) => showInvite(page, page.req.query('token') ?? ''))
  app.post('/invite', accept)
  app.post('/invite/join', (page) => join(page, 'invite'))
  return app
}

/** Lets somebody in who came by a link. */
export async function welcome(
  page: PageRequest,
  { person, accountId }: JoinedPerson,
): Promise<Response> {
  const { accounts, ledger, people } = page.var.parts.services
  const account = accounts.find(accountId)
  const role = people.roleOf(person.id, accountId) ?? 'viewer'
  const greeting =
    account.ok && `Welcome. You are ${ROLE_NAMES[role]} of ${accountText(account.value)}.`
  await ledger.commit(() => startSession(page, person.id, accountId, greeting || undefined))
  return redirectTo(page, '/')
}

function showClaim(
  page: PageRequest,
  token: string,
  { email, why }: { email?: string; why?: Failure } = {},
): Response | Promise<Response> {
  const { oneTimeLinks, accounts, people } = page.var.parts.services
  const link = oneTimeLinks.read('claim', token)
  const account = link.ok ? accounts.find(link.value.accountId) : link
  if (!link.ok || !account.ok) return showDeadLink(page, failure('link_invalid'))
  tellWhen(page, why)
  const head = {
    title: `Claim ${accountText(account.value)}`,
    ...(why && { status: why.status as 400 }),
  }
  const { signedIn } = page.var
  // An owner opens a claim link to set a new password.
  if (signedIn && people.roleOf(signedIn.person.id, account.value.id) !== 'owner')
    return showSignedOut(
      page,
      head,
      <JoinForm signedIn={signedIn} link={link.value} token={token} why={why} />,
    )
  return showSignedOut(
    page,
    head,
    <>
      <p class="faint">You will be its owner: you reserve names, make keys, and invite others.</p>
      <NewPerson action="/claim" token={token} email={email} why={why}>
        Claim
      </NewPerson>
    </>,
  )
}

async function claim(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const [token, email] = [textField(fields, 'token'), textField(fields, 'email')]
  const { address } = page.env.visit
  const applicant = { email, password: textField(fields, 'password'), address }
  const arrived = await page.var.parts.services.signUp.claim(token, applicant)
  if (!arrived.ok) return showClaim(page, token, { email, why: arrived.failure })
  return welcome(page, arrived.value)
}

function showInvite(
  page: PageRequest,
  token: string,
  { email, why }: { email?: string; why?: Failure } = {},
): Response | Promise<Response> {
  const { oneTimeLinks, accounts } = page.var.parts.services
  const link = oneTimeLinks.read('invite', token)
  const account = link.ok ? accounts.find(link.value.accountId) : link
  if (!link.ok || !account.ok) return showDeadLink(page, failure('link_invalid'))
  tellWhen(page, why)
  const head = {
    title: `Join ${accountText(account.value)}`,
    ...(why && { status: why.status as 400 }),
  }
  const { signedIn } = page.var
  const body = signedIn ? (
    <JoinForm signedIn={signedIn} link={link.value} token={token} why={why} />
  ) : (
    <>
      <p class="faint">
        You have been invited as {ROLE_NAMES[link.value.role]}: you will{' '}
        {ROLE_MEANING[link.value.role]}. Choose how you will sign in. If you can sign in here
        already, <PageLink path="/sign-in">do that first</PageLink> and open this link again.
      </p>
      <NewPerson action="/invite" token={token} email={email ?? link.value.note ?? ''} why={why}>
        Join
      </NewPerson>
    </>
  )
  return showSignedOut(page, head, body)
}

const ROLE_NAMES: Readonly<Record<Role, string>> = {
  viewer: 'a viewer',
  member: 'a member',
  owner: 'an owner',
}

const ROLE_MEANING: Readonly<Record<Role, string>> = {
  viewer: 'see everything but secrets',
  member: 'manage reservations, apps and keys',
  owner: 'manage everything, people too',
}

/** For somebody who has signed in. */
function JoinForm({
  signedIn,
  link,
  token,
  why,
}: {
  signedIn: SignedIn
  link: OneTimeLink
  token: string
  why: Failure | undefined
}) {
  return (
    <Form action={`/${link.kind}/join`} class="stack">
      {why && <Notice tone="bad">{sentence(why.message)}</Notice>}
      <p>
        You are signed in as {signedIn.person.email}, and will be {ROLE_NAMES[link.role]} of this
        account. To come in as somebody else, sign out first and open this link again.
      </p>
      <input type="hidden" name="token" value={token} />
      <button class="button primary wide">Join</button>
    </Form>
  )
}

async function accept(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const [token, email] = [textField(fields, 'token'), textField(fields, 'email')]
  const { address } = page.env.visit
  const applicant = { email, password: textField(fields, 'password'), address }
  const arrived = await page.var.parts.services.signUp.accept(token, applicant)
  if (!arrived.ok) return showInvite(page, token, { email, why: arrived.failure })
  return welcome(page, arrived.value)
}

async function join(page: PageRequest, kind: OneTimeLinkKind): Promise<Response> {
  const token = textField(page.var.fields, 'token')
  const { signedIn, parts } = page.var
  if (!signedIn) return showFailure(page, failure('sign_in_needed'))
  const arrived = await parts.services.signUp.join(kind, token, signedIn.person)
  const show = kind === 'claim' ? showClaim : showInvite
  if (!arrived.ok) return show(page, token, { why: arrived.failure })
  return welcome(page, arrived.value)
}

function showDeadLink(page: PageRequest, why: Failure): Response | Promise<Response> {
  // Wrong links count as failed attempts, so that they cannot be guessed.
  if (!page.env.visit.failedAttempt()) return showFailure(page, failure('attempt_rate'))
  return showSignedOut(
    page,
    { title: 'This link does not work', status: 410 },
    <>
      <p>{sentence(why.message)}</p>
      <p>
        Ask an owner for another one. An owner who is locked out runs{' '}
        <code>latchkey accounts reset</code> on the server.
      </p>
    </>,
  )
}

interface NewPersonProps {
  readonly action: string
  readonly token: string
  readonly email: string | undefined
  readonly why: Failure | undefined
  /** What the button says. */
  readonly children: string
}

/** Which field is wrong, where it is one of them. */
function faultsOf(why: Failure | undefined, email: string): Faults {
  if (why?.name === 'email_taken') return { email: sentence(why.message) }
  if (why?.name !== 'invalid') return {}
  const field = emailFault(email) === undefined ? 'password' : 'email'
  return { [field]: sentence(why.message) }
}

function NewPerson({ action, token, email, why, children }: NewPersonProps) {
  const faults = faultsOf(why, email ?? '')
  const isElsewhere = why && Object.keys(faults).length === 0
  return (
    <Form action={action} class="stack">
      {isElsewhere && <Notice tone="bad">{sentence(why.message)}</Notice>}
      <PlainWarning />
      <input type="hidden" name="token" value={token} />
      <Field
        name="email"
        label="Email"
        type="email"
        value={email}
        faults={faults}
        autocomplete="username"
        hint="Only to sign in with; nothing is sent there."
        required
        autofocus={(email ?? '') === ''}
      />
      <Field
        name="password"
        label="Password"
        type="password"
        faults={faults}
        autocomplete="new-password"
        hint="At least 10 characters."
        required
        autofocus={(email ?? '') !== ''}
      />
      <button class="button primary wide">{children}</button>
      <ProviderLinks
        path={action}
        query={`?token=${encodeURIComponent(token)}`}
        verb={`${children} with`}
      />
    </Form>
  )
}
