/** The form that makes a key, and the one that changes what a key may do. */
/** @jsxImportSource hono/jsx */
import type { ApiKey } from '../../../service/apps/api-keys.ts'
import type { App } from '../../../service/apps/apps.ts'
import { type Faults, type Fields, textField } from '../../fields.ts'
import { revealSecret, notify } from '../../notices.ts'
import { type PageRequest, redirectTo } from '../../page-request.ts'
import { Field, Form, Tick } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Card, PageLink } from '../../view/components.tsx'
import { sentence } from '../failures.tsx'
import { KeyImpactView, type ShownImpact, impactOnKey, isWorthAsking } from './key-impact.tsx'
import { CapabilityFields } from './capability-fields.tsx'
import {
  type CapabilityForm,
  capabilityOfForm,
  formOf,
  formOfFields,
  isUnchanged,
  prettyJson,
} from './capability.ts'
import { commit } from '../../guard.ts'

interface KeyForm {
  readonly name: string
  readonly capability: CapabilityForm
  readonly revocableTokens: boolean
}

/** A new key may publish and subscribe everywhere until something else is chosen. */
const FRESH: KeyForm = {
  name: '',
  capability: {
    mode: 'lists',
    privileges: ['publish', 'subscribe'],
    channels: '*',
    json: '{\n  "*": ["publish","subscribe"]\n}',
  },
  revocableTokens: false,
}

export function showNewKey(
  page: PageRequest,
  app: App,
  form: KeyForm = FRESH,
  faults?: Faults,
): Response | Promise<Response> {
  return show(
    page,
    {
      title: 'Make a key',
      section: '/apps',
      crumbs: crumbsOf(app),
      lead: 'Its secret is shown once, when the key is made.',
      ...(faults && { status: 400 as const }),
    },
    <Card>
      <KeyFields app={app} action={`/apps/${app.id}/keys`} form={form} faults={faults}>
        Make the key
      </KeyFields>
    </Card>,
  )
}

export function showEditKey(
  page: PageRequest,
  app: App,
  key: ApiKey,
  { form, faults }: { form: KeyForm; faults?: Faults } = { form: formOfKey(key) },
): Response | Promise<Response> {
  return show(
    page,
    {
      title: `Change ${key.name || key.keyName}`,
      section: '/apps',
      crumbs: [...crumbsOf(app), [key.name || key.keyName, keyPath(key)]],
      lead: 'A change counts at once, also for clients that are connected and for tokens that were made with this key.',
      ...(faults && { status: 400 as const }),
    },
    <Card>
      <KeyFields
        app={app}
        action={`${keyPath(key)}/edit`}
        form={form}
        faults={faults}
        cancel={keyPath(key)}
      >
        Save
      </KeyFields>
    </Card>,
  )
}

function formOfKey({ name, capability, revocableTokens }: ApiKey): KeyForm {
  return { name, capability: formOf(capability), revocableTokens }
}

export function keyPath(key: ApiKey): string {
  return `/apps/${key.appId}/keys/${key.id}`
}

export function crumbsOf(app: App): [string, string][] {
  return [
    ['Apps and keys', '/apps'],
    [app.name, `/apps/${app.id}`],
  ]
}

export async function makeKey(page: PageRequest, app: App): Promise<Response> {
  const form = keyFormOf(page.var.fields)
  const { services, onChange } = page.var.parts
  const draft = draftOf(form, undefined)
  const added = draft.ok ? await commit(page, () => services.apiKeys.add(app, draft.value)) : draft
  if (!added.ok) return showNewKey(page, app, form, faultsOf(added.failure))
  onChange()
  const { key, whole } = added.value
  revealSecret(page, 'The key is made. Copy it now: its secret is not shown again.', whole)
  return redirectTo(page, keyPath(key))
}

export async function editKey(page: PageRequest, app: App, key: ApiKey): Promise<Response> {
  const fields = page.var.fields
  const form = keyFormOf(fields)
  const { services, onChange } = page.var.parts
  const draft = draftOf(form, key)
  const after = capabilityOfForm(form.capability)
  if (after.ok && textField(fields, 'confirmed') !== 'yes') {
    const impact = await impactOnKey(page, key, after.value.capability)
    if (isWorthAsking(impact)) return askToChange(page, { app, key, form, impact })
  }
  const changed = draft.ok
    ? await commit(page, () => services.apiKeys.set(app, key.id, draft.value))
    : draft
  if (!changed.ok) return showEditKey(page, app, key, { form, faults: faultsOf(changed.failure) })
  onChange()
  notify(page, 'The key is changed.')
  return redirectTo(page, keyPath(key))
}

/** Asks for confirmation before clients lose channels that they are on. */
function askToChange(
  page: PageRequest,
  { app, key, form, impact }: { app: App; key: ApiKey; form: KeyForm; impact: ShownImpact },
): Response | Promise<Response> {
  const { name, capability, revocableTokens } = form
  const read = capabilityOfForm(capability)
  return show(
    page,
    {
      title: `Let ${key.name || key.keyName} do less?`,
      section: '/apps',
      crumbs: [...crumbsOf(app), [key.name || key.keyName, keyPath(key)]],
    },
    <div class="stack loose">
      <KeyImpactView impact={impact} />
      <Form action={`${keyPath(key)}/edit`} class="row">
        <input type="hidden" name="name" value={name} />
        <input type="hidden" name="mode" value="json" />
        <input type="hidden" name="json" value={read.ok ? prettyJson(read.value.lines) : ''} />
        {revocableTokens && <input type="hidden" name="revocable" value="on" />}
        <input type="hidden" name="confirmed" value="yes" />
        <button class="button primary">Change it</button>
        <PageLink class="button" path={keyPath(key)}>
          Leave it as it is
        </PageLink>
      </Form>
    </div>,
  )
}

/** Answers a script that keeps the two halves of the form equal. */
export async function translateCapability(page: PageRequest): Promise<Response> {
  const form = formOfFields(page.var.fields)
  const read = capabilityOfForm(form)
  if (!read.ok) return page.json({ fault: sentence(read.failure.message) })
  if (form.mode === 'lists') return page.json({ json: prettyJson(read.value.lines) })
  const { lines } = read.value
  const { privileges, channels } = formOf(JSON.stringify(lines))
  // Where the lines differ, the lists can show the channels only.
  return page.json({
    privileges,
    channels: channels || Object.keys(lines).join('\n'),
  })
}

function KeyFields({
  app,
  action,
  form,
  faults,
  cancel,
  children,
}: {
  app: App
  action: string
  form: KeyForm
  faults: Faults | undefined
  cancel?: string
  children: string
}) {
  return (
    <Form action={action} class="stack loose">
      <Field
        name="name"
        label="Name"
        value={form.name}
        faults={faults}
        hint="For people: what will use it, such as “website” or “billing worker”."
        maxlength={100}
      />
      <CapabilityFields form={form.capability} appId={app.id} fault={faults?.['capability']} />
      <Tick
        name="revocable"
        label="Tokens made with it can be revoked"
        hint="One by one, by client or by channel. They live for an hour at most then."
        checked={form.revocableTokens}
      />
      <div class="row">
        <button class="button primary">{children}</button>
        {cancel && (
          <PageLink class="button" path={cancel}>
            Cancel
          </PageLink>
        )}
      </div>
    </Form>
  )
}

function keyFormOf(fields: Fields): KeyForm {
  return {
    name: textField(fields, 'name').trim(),
    capability: formOfFields(fields),
    revocableTokens: textField(fields, 'revocable') !== '',
  }
}

/** @param key that is to be changed, if there is one */
function draftOf({ name, capability, revocableTokens }: KeyForm, key: ApiKey | undefined) {
  const read = capabilityOfForm(capability)
  if (!read.ok) return read
  const stays = key && isUnchanged(capability, read.value, key.capability)
  const { lines } = read.value
  const value = { name, revocableTokens, ...(!stays && { capability: { capability: lines } }) }
  return { ok: true as const, value }
}

function faultsOf({ name, message }: { name: string; message: string }): Faults {
  return { [name === 'capability_invalid' ? 'capability' : 'name']: sentence(message) }
}
