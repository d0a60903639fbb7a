/** Signing in and out, and the choice of light or dark, which everybody has. */
/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import { type Failure, failure } from '../../failure.ts'
import { dropSession, keepSession, keepTheme } from '../cookies.ts'
import { textField } from '../fields.ts'
import { type Env, type PageRequest, redirectTo } from '../page-request.ts'
import { Field, Form } from '../view/forms.tsx'
import { showSignedOut } from '../view/layout.tsx'
import { Notice } from '../view/components.tsx'
import { PlainWarning } from '../view/unencrypted-warning.tsx'
import { ProviderLinks } from '../view/provider-links.tsx'
import { sentence, tellWhen } from './failures.tsx'

export function signInPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/sign-in', (page) =>
    page.var.signedIn
      ? redirectTo(page, '/')
      : showSignIn(page, { next: page.req.query('next') ?? '' }),
  )
  app.post('/sign-in', signIn)
  app.post('/sign-out', async (page) => {
    const { signedIn, parts } = page.var
    const { ledger, sessions } = parts.services
    if (signedIn) await ledger.commit(() => sessions.end(signedIn.person.id, signedIn.session.id))
    dropSession(page)
    return redirectTo(page, '/sign-in')
  })
  app.post('/theme', async (page) => {
    const fields = page.var.fields
    const theme = textField(fields, 'theme')
    keepTheme(page, theme === 'light' || theme === 'dark' ? theme : undefined)
    return redirectTo(page, localPath(textField(fields, 'back')))
  })
  return app
}

/**
 * Signs a browser in; whatever session it had before is over, so that nobody can plant one.
 * @param greeting is said on the first page
 */
export function startSession(
  page: PageRequest,
  personId: string,
  accountId: string,
  greeting?: string,
): void {
  const { signedIn, parts } = page.var
  const { sessions } = parts.services
  if (signedIn) sessions.end(signedIn.person.id, signedIn.session.id)
  const agent = page.req.header('user-agent') ?? ''
  const { address } = page.env.visit
  const secret = sessions.open(personId, accountId, { address, agent })
  keepSession(page, secret)
  const entered = greeting === undefined ? undefined : sessions.find(secret, address)
  if (entered) page.var.notices.add(entered.session.id, { tone: 'good', text: greeting! })
}

/** A path of the dashboard, or its start: nothing that leads to another server. */
export function localPath(text: string): string {
  return /^\/(?![/\\])[\w./~:%-]*(\?[\w.~:%&=+*-]*)?$/.test(text) ? text : '/'
}

async function signIn(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const email = textField(fields, 'email')
  const next = textField(fields, 'next')
  const { parts, signIn: service } = page.var
  const { address } = page.env.visit
  const found = await service.attempt({ email, password: textField(fields, 'password'), address })
  if (!found.ok) {
    parts.onRefusal(found.failure, { address })
    return showSignIn(page, { email, next, why: found.failure })
  }
  const [accountId] = parts.services.people.accountsOf(found.value.id)
  if (accountId === undefined)
    return showSignIn(page, {
      email,
      next,
      why: failure('sign_in_refused', 'you are a member of no account any more'),
    })
  await parts.services.ledger.commit(() => startSession(page, found.value.id, accountId))
  return redirectTo(page, localPath(next))
}

function showSignIn(
  page: PageRequest,
  { email, next, why }: { email?: string; next: string; why?: Failure },
): Response | Promise<Response> {
  const { accounts, people } = page.var.parts.services
  if (people.isUnclaimed(accounts.ensureOwner())) return showUnclaimed(page)
  tellWhen(page, why)
  return showSignedOut(
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

function showUnclaimed(page: PageRequest): Response | Promise<Response> {
  return showSignedOut(
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
