/** The pages before the door: signing in and out, claiming the server, accepting an invitation. */
/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import { type Failure, failure } from '../../failure.ts'
import type { Arrived } from '../../service/sign-up.ts'
import { dropSession, hostOf, isSecure, keepSession, keepTheme } from '../cookies.ts'
import { type Faults, readFields, textField } from '../forms.ts'
import { type Env, type Page, goTo } from '../site.ts'
import { Field, Form } from '../view/forms.tsx'
import { showDoor } from '../view/layout.tsx'
import { usePage } from '../view/page-context.ts'
import { Notice, To } from '../view/parts.tsx'
import { ProviderLinks } from '../view/provider-links.tsx'
import { sentence, showFailure } from './failures.tsx'

export function doorPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/sign-in', (page) =>
    page.var.visitor ? goTo(page, '/') : showSignIn(page, { next: page.req.query('next') ?? '' }),
  )
  app.post('/sign-in', signIn)
  app.post('/sign-out', (page) => {
    const { visitor, parts } = page.var
    if (visitor) parts.services.sessions.end(visitor.person.id, visitor.session.id)
    dropSession(page)
    return goTo(page, '/sign-in')
  })
  app.post('/theme', async (page) => {
    const fields = await readFields(page)
    const theme = textField(fields, 'theme')
    keepTheme(page, theme === 'light' || theme === 'dark' ? theme : undefined)
    return goTo(page, localPath(textField(fields, 'back').replace(/^\/dashboard/, '')))
  })
  app.get('/claim', (page) => showClaim(page, page.req.query('token') ?? ''))
  app.post('/claim', claim)
  app.get('/invite', (page) => showInvite(page, page.req.query('token') ?? ''))
  app.post('/invite', accept)
  app.post('/invite/join', join)
  return app
}

/** Signs a browser in; whatever session it had before is over, so that nobody can plant one. */
export function enter(page: Page, personId: string, accountId: string): void {
  const { visitor, parts } = page.var
  const { sessions } = parts.services
  if (visitor) sessions.end(visitor.person.id, visitor.session.id)
  const agent = page.req.header('user-agent') ?? ''
  const { address } = page.env.visit
  keepSession(page, sessions.open(personId, accountId, { address, agent }))
}

/** A path of the dashboard, or its start: nothing that leads to another server. */
export function localPath(text: string): string {
  return /^\/(?![/\\])[\w./~:%-]*$/.test(text) ? text : '/'
}

async function signIn(page: Page): Promise<Response> {
  const fields = await readFields(page)
  const email = textField(fields, 'email')
  const next = textField(fields, 'next')
  const { parts, signIn: door } = page.var
  const found = await door.attempt(email, textField(fields, 'password'), page.env.visit.address)
  if (!found.ok) {
    parts.onRefusal(found.failure, { address: page.env.visit.address })
    return showSignIn(page, { email, next, why: found.failure })
  }
  const [accountId] = parts.services.people.accountsOf(found.value.id)
  if (accountId === undefined)
    return showSignIn(page, {
      email,
      next,
      why: failure('sign_in_refused', 'you are a member of no account any more'),
    })
  enter(page, found.value.id, accountId)
  return goTo(page, localPath(next))
}

function showSignIn(
  page: Page,
  { email, next, why }: { email?: string; next: string; why?: Failure },
): Response | Promise<Response> {
  const { accounts, people } = page.var.parts.services
  if (people.isUnclaimed(accounts.ensureOwner())) return showUnclaimed(page)
  return showDoor(
    page,
    { title: 'Sign in', ...(why && { status: why.status as 401 }) },
    <Form action="/sign-in" class="stack">
      {why && <Notice tone="bad">{sentence(why.message)}</Notice>}
      <PlainWarning />
      <input type="hidden" name="next" value={localPath(next)} />
      <Field
        name="email"
        label="Email"
        type="email"
        value={email}
        autocomplete="username"
        required
        autofocus={email === undefined}
      />
      <Field
        name="password"
        label="Password"
        type="password"
        autocomplete="current-password"
        required
        autofocus={email !== undefined}
      />
      <button class="button primary wide">Sign in</button>
      <ProviderLinks
        path="/sign-in"
        query={`?next=${encodeURIComponent(localPath(next))}`}
        verb="Sign in with"
      />
      <p class="hint">
        Locked out? On the server, <code>latchkey accounts reset</code> prints a link that lets an
        owner back in.
      </p>
    </Form>,
  )
}

function showUnclaimed(page: Page): Response | Promise<Response> {
  return showDoor(
    page,
    { title: 'Nobody owns this server yet' },
    <>
      <p>
        When it started, the server printed a link to claim it. Whoever opens that link first
        chooses the owner’s email and password; it works once, for an hour.
      </p>
      <p>
        To get a new one, run <code>latchkey accounts reset</code> in a shell on the server.
      </p>
    </>,
  )
}

function showClaim(
  page: Page,
  token: string,
  { email, faults, why }: { email?: string; faults?: Faults; why?: Failure } = {},
): Response | Promise<Response> {
  const { links } = page.var.parts.services
  const link = links.read('claim', token)
  if (!link.ok) return showDeadLink(page, link.failure)
  return showDoor(
    page,
    { title: 'Claim this server', ...(why && { status: why.status as 400 }) },
    <>
      <p class="faint">You will be its owner: you reserve names, make keys, and invite others.</p>
      <NewPerson action="/claim" token={token} email={email} faults={faults} why={why}>
        Claim
      </NewPerson>
    </>,
  )
}

async function claim(page: Page): Promise<Response> {
  const fields = await readFields(page)
  const [token, email] = [textField(fields, 'token'), textField(fields, 'email')]
  const password = textField(fields, 'password')
  const arrived = await page.var.parts.services.signUp.claim(token, email, password)
  if (!arrived.ok) return showClaim(page, token, { email, why: arrived.failure })
  return welcome(page, arrived.value)
}

function showInvite(
  page: Page,
  token: string,
  { email, why }: { email?: string; why?: Failure } = {},
): Response | Promise<Response> {
  const { links, accounts } = page.var.parts.services
  const link = links.read('invite', token)
  const account = link.ok ? accounts.find(link.value.accountId) : link
  if (!link.ok || !account.ok) return showDeadLink(page, failure('link_invalid'))
  const head = {
    title: `Join ${account.value.name}`,
    ...(why && { status: why.status as 400 }),
  }
  const { visitor } = page.var
  const body = visitor ? (
    <Form action="/invite/join" class="stack">
      {why && <Notice tone="bad">{sentence(why.message)}</Notice>}
      <p>
        You are signed in as {visitor.person.email}, and will be a {link.value.role} of this
        account.
      </p>
      <input type="hidden" name="token" value={token} />
      <button class="button primary wide">Join</button>
    </Form>
  ) : (
    <>
      <p class="faint">
        You have been invited as {link.value.role}. Choose how you will sign in. If you can sign in
        here already, <To path="/sign-in">do that first</To> and open this link again.
      </p>
      <NewPerson action="/invite" token={token} email={email ?? link.value.note ?? ''} why={why}>
        Join
      </NewPerson>
    </>
  )
  return showDoor(page, head, body)
}

async function accept(page: Page): Promise<Response> {
  const fields = await readFields(page)
  const [token, email] = [textField(fields, 'token'), textField(fields, 'email')]
  const password = textField(fields, 'password')
  const arrived = await page.var.parts.services.signUp.accept(token, email, password)
  if (!arrived.ok) return showInvite(page, token, { email, why: arrived.failure })
  return welcome(page, arrived.value)
}

async function join(page: Page): Promise<Response> {
  const token = textField(await readFields(page), 'token')
  const { visitor, parts } = page.var
  if (!visitor) return showFailure(page, failure('sign_in_needed'))
  const arrived = parts.services.signUp.join(token, visitor.person)
  if (!arrived.ok) return showInvite(page, token, { why: arrived.failure })
  return welcome(page, arrived.value)
}

/** Lets somebody in who came by a link. */
export function welcome(page: Page, { person, accountId }: Arrived): Response {
  enter(page, person.id, accountId)
  return goTo(page, '/')
}

function showDeadLink(page: Page, why: Failure): Response | Promise<Response> {
  return showDoor(
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

/** Where a password would travel in the clear, further than this machine. */
function PlainWarning() {
  const page = usePage()
  const isHere = /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(hostOf(page))
  if (isHere || isSecure(page)) return <></>
  return (
    <Notice tone="warn">
      This page is not encrypted: others in the network could read your password.
    </Notice>
  )
}

function NewPerson({
  action,
  token,
  email,
  faults,
  why,
  children,
}: {
  action: string
  token: string
  email?: string | undefined
  faults?: Faults | undefined
  why?: Failure | undefined
  children: string
}) {
  return (
    <Form action={action} class="stack">
      {why && <Notice tone="bad">{sentence(why.message)}</Notice>}
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
        autofocus
      />
      <Field
        name="password"
        label="Password"
        type="password"
        faults={faults}
        autocomplete="new-password"
        hint="At least 10 characters."
        required
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
