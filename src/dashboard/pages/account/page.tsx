/** The account page: how you sign in, where you are signed in, and the people of the account. */
/** @jsxImportSource hono/jsx */
import type { Faults } from '../../fields.ts'
import { type PageRequest, requireSignedIn } from '../../page-request.ts'
import { browserName } from '../../browser-name.ts'
import { Field, Form } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Badge, Card, Time } from '../../view/components.tsx'
import { ProviderLinks } from '../../view/provider-links.tsx'
import { Table } from '../../view/table.tsx'
import { accountText } from '../../format.ts'
import { PeopleCards } from './people.tsx'

export function showAccount(page: PageRequest, faults?: Faults): Response | Promise<Response> {
  const { person, account, role } = requireSignedIn(page)
  return show(
    page,
    {
      title: 'Account',
      section: '/account',
      lead: (
        <>
          {person.email}, {role} of {accountText(account)}.
        </>
      ),
      ...(faults && { status: 400 as const }),
    },
    <div class="stack loose">
      <SwitchCard page={page} />
      <PeopleCards page={page} faults={faults} />
      <PasswordCard page={page} faults={faults} />
      <IdentitiesCard page={page} />
      <SessionsCard page={page} />
    </div>,
  )
}

/** For people who belong to more than one account. */
function SwitchCard({ page }: { page: PageRequest }) {
  const { person, account } = requireSignedIn(page)
  const { people, accounts } = page.var.parts.services
  const others = people.accountsOf(person.id).filter((id) => id !== account.id)
  if (others.length === 0) return <></>
  return (
    <Card title="Your other accounts">
      <ul class="stack tight" role="list">
        {others.map((id) => {
          const found = accounts.find(id)
          return (
            <li>
              <Form action="/account/own/switch" class="row">
                <input type="hidden" name="account" value={id} />
                <span>{found.ok ? found.value.name : id}</span>
                <button class="button small">Work in it</button>
              </Form>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}

function PasswordCard({ page, faults }: { page: PageRequest; faults: Faults | undefined }) {
  const { person } = requireSignedIn(page)
  return (
    <Card
      title={person.hasPassword ? 'Change your password' : 'Set a password'}
      lead="You stay signed in here; everywhere else you are signed out."
    >
      <Form action="/account/own/password" class="stack narrow">
        <input
          type="text"
          name="username"
          value={person.email}
          autocomplete="username"
          readonly
          hidden
        />
        {person.hasPassword && (
          <Field
            name="present"
            label="Current password"
            type="password"
            faults={faults}
            autocomplete="current-password"
            required
          />
        )}
        <Field
          name="password"
          label="New password"
          type="password"
          faults={faults}
          autocomplete="new-password"
          hint="At least 10 characters."
          required
        />
        <div>
          <button class="button">
            {person.hasPassword ? 'Change the password' : 'Set the password'}
          </button>
        </div>
      </Form>
    </Card>
  )
}

/** Other ways to sign in, where the operator has set any up. */
function IdentitiesCard({ page }: { page: PageRequest }) {
  const { person } = requireSignedIn(page)
  const { services, providers } = page.var.parts
  const own = services.signInMethods.identitiesOf(person.id)
  if (own.length === 0 && providers.length === 0) return <></>
  return (
    <Card
      title="Other ways to sign in"
      lead="You are known there by an id that never changes hands; an email address alone lets nobody in."
    >
      <div class="stack narrow">
        {own.map(({ provider, subject, label }) => (
          <Form action="/account/own/disconnect" class="row apart">
            <input type="hidden" name="provider" value={provider} />
            <input type="hidden" name="subject" value={subject} />
            <span>
              {label} <span class="small faint">{provider.replace(/^\w+ https?:\/\//, '')}</span>
            </span>
            <button class="button small">Disconnect</button>
          </Form>
        ))}
        <ProviderLinks path="/account/connect" verb="Connect" />
      </div>
    </Card>
  )
}

function SessionsCard({ page }: { page: PageRequest }) {
  const { person, session: present } = requireSignedIn(page)
  const sessions = page.var.parts.services.sessions.list(person.id)
  return (
    <Card
      title="Where you are signed in"
      lead="A session ends after a week without use, and after 30 days in any case."
      actions={
        <Form action="/account/own/sign-out-everywhere">
          <button class="button small danger">Sign out everywhere</button>
        </Form>
      }
      flush
    >
      <Table head={['Browser', 'Address', 'Last used', { unseen: 'What can be done' }]}>
        {sessions.map((session) => (
          <tr>
            <td data-label="Browser">
              {browserName(session.agent)}{' '}
              {session.id === present.id && <Badge tone="good">this one</Badge>}
            </td>
            <td data-label="Address" class="mono">
              {session.address}
            </td>
            <td data-label="Last used">
              <Time at={session.seenAt} />
            </td>
            <td class="actions">
              {session.id !== present.id && (
                <Form action="/account/own/end-session" class="inline">
                  <input type="hidden" name="session" value={session.id} />
                  <button class="button small">Sign out</button>
                </Form>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </Card>
  )
}
