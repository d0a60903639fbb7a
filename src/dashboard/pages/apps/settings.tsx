/** The settings of an app, and its end. */
/** @jsxImportSource hono/jsx */
import type { App } from '../../../service/apps.ts'
import { type Faults, readFields, textField } from '../../forms.ts'
import { tell } from '../../notices.ts'
import { type Page, goTo } from '../../site.ts'
import { Field, Form, Tick } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Card, To } from '../../view/parts.tsx'
import { plural } from '../../words.ts'
import { sentence, showFailure } from '../failures.tsx'
import { mayManage, showApp } from './frame.tsx'
import { crumbsOf } from './key-form.tsx'
import { KeyImpactView, impactOfEnd } from './key-impact.tsx'

export function showSettings(page: Page, app: App, faults?: Faults): Response | Promise<Response> {
  const mayChange = mayManage(page)
  return showApp(
    page,
    app,
    { tab: '/settings', ...(faults && { status: 400 as const }) },
    <div class="stack loose">
      <SettingsCard app={app} mayChange={mayChange} faults={faults} />
      {mayChange && !app.isDefault && (
        <Card title="Remove it" lead="With its keys, rules and tokens." danger>
          <To class="button danger" path={`/apps/${app.id}/remove`} dialog>
            Remove this app…
          </To>
        </Card>
      )}
    </div>,
  )
}

function SettingsCard({
  app,
  mayChange,
  faults,
}: {
  app: App
  mayChange: boolean
  faults: Faults | undefined
}) {
  return (
    <Card title="Settings">
      <Form action={`/apps/${app.id}/settings`} class="stack">
        <Field name="name" label="Name" value={app.name} faults={faults} maxlength={100} required />
        <Tick
          name="enabled"
          label="Enabled"
          hint="While it is not, nobody can connect, and those who are connected are closed."
          checked={app.status === 'enabled'}
        />
        <Tick
          name="tlsOnly"
          label="TLS only"
          hint="Refuses clients that do not connect encrypted."
          checked={app.tlsOnly}
        />
        {mayChange && (
          <div>
            <button class="button primary">Save</button>
          </div>
        )}
      </Form>
    </Card>
  )
}

export async function changeSettings(page: Page, app: App): Promise<Response> {
  const fields = await readFields(page)
  const { services, onChange } = page.var.parts
  const changed = services.apps.set(app.id, {
    name: textField(fields, 'name').trim(),
    status: textField(fields, 'enabled') === '' ? 'disabled' : 'enabled',
    tlsOnly: textField(fields, 'tlsOnly') !== '',
  })
  if (!changed.ok) return showSettings(page, app, { name: sentence(changed.failure.message) })
  onChange()
  tell(page, 'The settings are saved.')
  return goTo(page, `/apps/${app.id}/settings`)
}

export function askToRemoveApp(page: Page, app: App): Response | Promise<Response> {
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
      <KeyImpactView impact={impactOfEnd(page, app)} />
      <Form action={`/apps/${app.id}/remove`} class="row">
        <button class="button danger primary">Remove {app.name}</button>
        <To class="button" path={`/apps/${app.id}/settings`} cancel>
          Keep it
        </To>
      </Form>
    </div>,
  )
}

export function removeApp(page: Page, app: App): Response | Promise<Response> {
  const { services, onChange } = page.var.parts
  const removed = services.apps.remove(app.id)
  if (!removed.ok) return showFailure(page, removed.failure)
  onChange()
  tell(page, `${app.name} is removed.`)
  return goTo(page, '/apps')
}
