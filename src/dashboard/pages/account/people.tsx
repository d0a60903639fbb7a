/** The people of an account, and the invitations that nobody has accepted yet. */
/** @jsxImportSource hono/jsx */
import { ROLES, type Role, hasRight } from '../../../policy/roles.ts'
import type { OneTimeLink } from '../../../service/accounts/one-time-links.ts'
import type { Member } from '../../../service/accounts/people.ts'
import type { Faults } from '../../fields.ts'
import { type PageRequest, requireSignedIn } from '../../page-request.ts'
import { Field, Form } from '../../view/forms.tsx'
import { Badge, Card, Time, PageLink } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { accountText } from '../../format.ts'

const MEANING: Readonly<Record<Role, string>> = {
  viewer: 'sees everything but secrets',
  member: 'manages reservations, apps and keys',
  owner: 'also invites and removes people',
}

export function PeopleCards({ page, faults }: { page: PageRequest; faults: Faults | undefined }) {
  const { account, role } = requireSignedIn(page)
  const { people, oneTimeLinks } = page.var.parts.services
  const mayGovern = hasRight(role, 'govern')
  const invitations = mayGovern ? oneTimeLinks.invitations(account) : []
  return (
    <>
      <Card title="People" lead={`Who may use this dashboard for ${accountText(account)}.`} flush>
        <PeopleTable page={page} members={people.members(account)} mayGovern={mayGovern} />
      </Card>
      {mayGovern && (
        <Card
          title="Invite somebody"
          lead="Makes a link that works once, for a week. Send it yourself."
        >
          <div class="stack">
            <InviteForm faults={faults} />
            {invitations.length > 0 && <Invitations invitations={invitations} />}
          </div>
        </Card>
      )}
    </>
  )
}

function PeopleTable({
  page,
  members,
  mayGovern,
}: {
  page: PageRequest
  members: readonly Member[]
  mayGovern: boolean
}) {
  const { person } = requireSignedIn(page)
  return (
    <Table head={['Person', 'Role', 'Since', { unseen: 'What can be done' }]}>
      {members.map((member) => (
        <tr>
          <td data-label="Person">
            {member.email} {member.id === person.id && <Badge>you</Badge>}
          </td>
          <td data-label="Role">{mayGovern ? <RoleForm member={member} /> : member.role}</td>
          <td data-label="Since">
            <Time at={member.since} />
          </td>
          <td class="actions">
            {mayGovern && (
              <PageLink
                class="button small danger"
                path={`/account/people/${member.id}/remove`}
                dialog
              >
                Remove…<span class="aside"> {member.email}</span>
              </PageLink>
            )}
          </td>
        </tr>
      ))}
    </Table>
  )
}

function RoleForm({ member }: { member: Member }) {
  return (
    <Form action={`/account/people/${member.id}/role`} class="row snug">
      <RoleSelect id={`role-${member.id}`} label={`Role of ${member.email}`} chosen={member.role} />
      <button class="button small quiet">
        Set<span class="aside"> the role of {member.email}</span>
      </button>
    </Form>
  )
}

function RoleSelect({ id, label, chosen }: { id: string; label: string; chosen: Role }) {
  return (
    <>
      <label class="aside" for={id}>
        {label}
      </label>
      <select class="select small" id={id} name="role">
        {ROLES.map((role) => (
          <option value={role} selected={role === chosen}>
            {role}
          </option>
        ))}
      </select>
    </>
  )
}

function InviteForm({ faults }: { faults: Faults | undefined }) {
  return (
    <Form action="/account/people/invite" class="stack narrow">
      <Field
        name="note"
        label="For"
        type="text"
        faults={faults}
        placeholder="bob@example.com"
        hint="Their address, to know whom the link is for. They choose their own when they accept."
      />
      <div class="field">
        <label for="invite-role">Role</label>
        <select class="select" id="invite-role" name="role">
          {ROLES.map((role) => (
            <option value={role} selected={role === 'member'}>
              {role}: {MEANING[role]}
            </option>
          ))}
        </select>
      </div>
      <div>
        <button class="button">Make the link</button>
      </div>
    </Form>
  )
}

function Invitations({ invitations }: { invitations: readonly OneTimeLink[] }) {
  return (
    <div class="stack tight">
      <h3>Not accepted yet</h3>
      <ul class="stack tight" role="list">
        {invitations.map((link) => (
          <li>
            <Form action={`/account/people/invitations/${link.id}/withdraw`} class="row">
              <span>
                {link.note ?? 'somebody'} <Badge>{link.role}</Badge>
              </span>
              <span class="small faint">
                ends <Time at={link.expiresAt} />
              </span>
              <button class="button small">
                Withdraw<span class="aside"> the invitation of {link.note ?? 'somebody'}</span>
              </button>
            </Form>
          </li>
        ))}
      </ul>
    </div>
  )
}
