/** The settings of an app, and its end. */
/** @jsxImportSource hono/jsx */
import type { App } from '../../../service/apps/apps.ts'
import { type Faults, textField } from '../../fields.ts'
import { notify } from '../../notices.ts'
import { type PageRequest, redirectTo } from '../../page-request.ts'
import { Field, Form, Tick } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Card, PageLink } from '../../view/components.tsx'
import { plural } from '../../format.ts'
import { sentence, showFailure } from '../failures.tsx'
import { mayManage, showApp } from './layout.tsx'
import { crumbsOf } from './key-form.tsx'
import { KeyImpactView, type ShownImpact, impactOfEnd, isWorthAsking } from './key-impact.tsx'
import { commit } from '../../guard.ts'

/** What can be set of an app. */
type Settings = Pick<App, 'name' | 'status' | 'tlsOnly'>

export function showSettings(
  page: PageRequest,
  app: App,
  { form = app, faults }: { form?: Settings; faults?: Faults } = {},
): Response | Promise<Response> {
  const mayChange = mayManage(page)
  return showApp(
    page,
    app,
    { tab: '/settings', ...(faults && { status: 400 as const }) },
    <div class="stack loose">
      <SettingsCard id={app.id} form={form} mayChange={mayChange} faults={faults} />
      {mayChange && !app.isDefault && (
        <Card title="Remove it" lead="With its keys, rules and tokens." danger>
          <PageLink class="button danger" path={`/apps/${app.id}/remove`} dialog>
            Remove this app…
          </PageLink>
        </Card>
      )}
    </div>,
  )
}

function SettingsCard({
  id,
  form: { name, status, tlsOnly },
  mayChange,
  faults,
}: {
  id: string
  form: Settings
  mayChange: boolean
  faults: Faults | undefined
}) {
  return (
    <Card title="Settings">
      <Form action={`/apps/${id}/settings`} class="stack">
        <fieldset class="stack" disabled={!mayChange}>
          <legend class="aside">Settings of the app</legend>
          <Field name="name" label="Name" value={name} faults={faults} maxlength={100} required />
          <Tick
            name="enabled"
            label="Enabled"
            hint="While it is not, nobody can connect, and those who are connected are closed."
            checked={status === 'enabled'}
          />
          <Tick
            name="tlsOnly"
            label="TLS only"
            hint="Refuses clients that do not connect encrypted."
            checked={tlsOnly}
          />
        </fieldset>
        {mayChange && (
          <div>
            <button class="button primary">Save</button>
          </div>
        )}
      </Form>
    </Card>
  )
}

export async function changeSettings(page: PageRequest, app: App): Promise<Response> {
  const fields = page.var.fields
  const { services, onChange } = page.var.parts
  const form: Settings = {
    name: textField(fields, 'name').trim(),
    status: textField(fields, 'enabled') === '' ? 'disabled' : 'enabled',
    tlsOnly: textField(fields, 'tlsOnly') !== '',
  }
  const isEnd = form.status === 'disabled' && app.status === 'enabled'
  if (isEnd && textField(fields, 'confirmed') !== 'yes') {
    const impact = await impactOfEnd(page, app)
    if (isWorthAsking(impact)) return askToDisable(page, app, form, impact)
  }
  const changed = await commit(page, () => services.apps.set(app.id, form))
  if (!changed.ok) {
    const faults = { name: sentence(changed.failure.message) }
    return showSettings(page, app, { form, faults })
  }
  onChange()
  notify(page, 'The settings are saved.')
  return redirectTo(page, `/apps/${app.id}/settings`)
}

/** Asks for confirmation before an app is removed and its clients are disconnected. */
function askToDisable(
  page: PageRequest,
  app: App,
  { name, tlsOnly }: Settings,
  impact: ShownImpact,
): Response | Promise<Response> {
  return show(
    page,
    {
      title: `Disable ${app.name}?`,
      section: '/apps',
      crumbs: crumbsOf(app),
      lead: 'Its clients are disconnected, and nobody can connect until it is enabled again.',
    },
    <div class="stack loose">
      <KeyImpactView impact={impact} />
      <Form action={`/apps/${app.id}/settings`} class="row">
        <input type="hidden" name="name" value={name} />
        {tlsOnly && <input type="hidden" name="tlsOnly" value="on" />}
        <input type="hidden" name="confirmed" value="yes" />
        <button class="button danger primary">Disable {app.name}</button>
        <PageLink class="button" path={`/apps/${app.id}/settings`}>
          Leave it enabled
        </PageLink>
      </Form>
    </div>,
  )
}

export async function askToRemoveApp(page: PageRequest, app: App): Promise<Response> {
  const impact = await impactOfEnd(page, app)
  const { services } = page.var.parts
  const keys = services.apiKeys.list(app).filter(({ status }) => status === 'enabled').length
  return show(
    page,
    {
      title: `Remove ${app.name}?`,
      section: '/apps',
      crumbs: crumbsOf(app),
      lead: `${plural(keys, 'key')} would end with it, and everybody who is connected with them. This cannot be undone.`,
    },
    <div class="stack">
      <KeyImpactView impact={impact} />
      <Form action={`/apps/${app.id}/remove`} class="row">
        <button class="button danger primary">Remove {app.name}</button>
        <PageLink class="button" path={`/apps/${app.id}/settings`} cancel>
          Keep it
        </PageLink>
      </Form>
    </div>,
  )
}

export async function removeApp(page: PageRequest, app: App): Promise<Response> {
  const { services, onChange } = page.var.parts
  const removed = await commit(page, () => services.apps.remove(app.id))
  if (!removed.ok) return showFailure(page, removed.failure)
  onChange()
  notify(page, `${app.name} is removed.`)
  return redirectTo(page, '/apps')
}
