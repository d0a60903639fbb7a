/** The page of all apps, and the form that makes one. */
/** @jsxImportSource hono/jsx */
import type { App } from '../../../service/apps/apps.ts'
import { hasRight } from '../../../policy/roles.ts'
import { type Faults, textField } from '../../fields.ts'
import { notify } from '../../notices.ts'
import { accountChoices, chosenAccount, accountScope } from '../../access.ts'
import { type PageRequest, redirectTo, requireSignedIn } from '../../page-request.ts'
import { Field, Form } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Badge, Card, Empty, Time, PageLink } from '../../view/components.tsx'
import { AccountChoice } from '../../view/account-choice.tsx'
import { Table } from '../../view/table.tsx'
import { plural } from '../../format.ts'
import { sentence } from '../failures.tsx'
import { commit } from '../../guard.ts'

export function showApps(
  page: PageRequest,
  { name = '', faults }: { name?: string; faults?: Faults } = {},
): Response | Promise<Response> {
  const { apps } = page.var.parts.services
  const own = apps.list(accountScope(page))
  const mayChange = hasRight(requireSignedIn(page).role, 'manage')
  return show(
    page,
    {
      title: 'Apps and keys',
      section: '/apps',
      lead: 'Clients of Ably’s SDKs connect to an app with an API key of it. Apps do not see each other’s channels.',
      ...(faults && { status: 400 as const }),
    },
    <div class="stack loose">
      <Card flush>
        {own.length === 0 ? (
          <Empty icon="apps" title="No app yet">
            An app has API keys, for clients of Ably’s SDKs, and channels that nobody without one of
            them is on. Clients of itty-sockets need none.
          </Empty>
        ) : (
          <AppTable page={page} apps={own} />
        )}
      </Card>
      {mayChange && (
        <Card
          title="Make an app"
          lead="One for each product or stage, such as production and test."
        >
          <Form action="/apps" class="stack">
            <Field name="name" label="Name" value={name} faults={faults} maxlength={100} required />
            <AccountChoice
              accounts={accountChoices(page)}
              selected={requireSignedIn(page).account.id}
            />
            <div>
              <button class="button primary">Make the app</button>
            </div>
          </Form>
        </Card>
      )}
    </div>,
  )
}

export async function makeApp(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const name = textField(fields, 'name').trim()
  const { services, onChange } = page.var.parts
  const account = chosenAccount(page, textField(fields, 'account'))
  const added = await commit(page, () => services.apps.add(account, { name }))
  if (!added.ok) {
    return showApps(page, { name, faults: { name: sentence(added.failure.message) } })
  }
  onChange()
  notify(page, `${added.value.name} is there. It needs a key before anybody can connect.`)
  return redirectTo(page, `/apps/${added.value.id}`)
}

function AppTable({ page, apps }: { page: PageRequest; apps: readonly App[] }) {
  const { services } = page.var.parts
  const accounts = new Map(services.accounts.list().map(({ id, name }) => [id, name]))
  const isMixed = new Set(apps.map(({ accountId }) => accountId)).size > 1
  return (
    <Table head={['App', 'Id', 'Keys', ...(isMixed ? ['Account'] : []), 'Made']}>
      {apps.map((app) => (
        <tr>
          <td data-label="App">
            <span class="row">
              <PageLink path={`/apps/${app.id}`}>{app.name}</PageLink>
              <AppBadges app={app} />
            </span>
          </td>
          <td data-label="Id" class="mono">
            {app.id}
          </td>
          <td data-label="Keys">{keyCount(page, app)}</td>
          {isMixed && <td data-label="Account">{accounts.get(app.accountId)}</td>}
          <td data-label="Made">
            <Time at={app.createdAt} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

export function AppBadges({ app }: { app: App }) {
  return (
    <>
      {app.isDefault && <Badge tone="accent">default</Badge>}
      {app.status === 'disabled' && <Badge tone="warn">disabled</Badge>}
      {app.tlsOnly && <Badge icon="lock">TLS only</Badge>}
      {app.expiresAt !== null && (
        <Badge tone="warn">
          gone <Time at={app.expiresAt} />
        </Badge>
      )}
    </>
  )
}

function keyCount(page: PageRequest, app: App): string {
  const keys = page.var.parts.services.apiKeys.list(app)
  const enabled = keys.filter(({ status }) => status === 'enabled').length
  const revoked = keys.length - enabled
  return revoked === 0 ? plural(enabled, 'key') : `${plural(enabled, 'key')}, ${revoked} revoked`
}
