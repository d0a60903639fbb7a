/** The form of a channel rule. */
/** @jsxImportSource hono/jsx */
import {
  type ChannelRule,
  type ChannelRuleSettings,
  DEFAULT_RULE_SETTINGS,
  ruleFault,
} from '../../../policy/channel-rule.ts'
import type { App } from '../../../service/apps/apps.ts'
import { type Faults, type Fields, textField } from '../../fields.ts'
import type { PageRequest } from '../../page-request.ts'
import { Field, Form, Tick } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Card, Notice, PageLink } from '../../view/components.tsx'
import { sentence } from '../failures.tsx'
import { mayManage } from './layout.tsx'
import { crumbsOf } from './key-form.tsx'

/** Switches with their meaning; the names are those of Ably's rules. */
export const SWITCHES = [
  ['persisted', 'Keep messages', 'On disk, for as long as the server keeps history.'],
  ['persistLast', 'Keep the last message', 'For a year, so that newcomers can ask for it.'],
  ['mutableMessages', 'Changeable messages', 'They can be updated, deleted and annotated.'],
  ['authenticated', 'Known clients only', 'Only clients with a client id.'],
  ['tlsOnly', 'TLS only', 'Only clients that connect encrypted.'],
  ['pushEnabled', 'Push', 'Messages may carry push notifications.'],
  ['batchingEnabled', 'Batches', 'Messages are delivered together, an interval apart.'],
  ['conflationEnabled', 'Only the last', 'Of messages with the same key, the last is delivered.'],
  ['exposeTimeserial', 'Time serials', 'As in Ably’s rules.'],
  ['populateChannelRegistry', 'Channel registry', 'As in Ably’s rules.'],
] as const

/** What the form asks for. */
export function settingsOf(fields: Fields): ChannelRuleSettings {
  const isOn = (name: string) => textField(fields, name) !== ''
  const number = (name: string) => {
    const text = textField(fields, name).trim()
    return text === '' ? null : Number(text)
  }
  const switches = Object.fromEntries(SWITCHES.map(([name]) => [name, isOn(name)]))
  return {
    ...DEFAULT_RULE_SETTINGS,
    ...switches,
    batchingInterval: number('batchingInterval'),
    conflationInterval: number('conflationInterval'),
    conflationKey: textField(fields, 'conflationKey').trim() || null,
  }
}

/** Beside the field that is meant; what concerns the rule as a whole stands at its name. */
export function faultsOfRule(rule: ChannelRule, message: string): Faults {
  const fault = ruleFault(rule)
  return fault?.setting === undefined
    ? { id: sentence(message) }
    : { [fault.setting]: sentence(`this ${fault.text}`) }
}

export interface RuleForm extends ChannelRuleSettings {
  readonly id: string
  readonly isNew: boolean
}

export function showRuleForm(
  page: PageRequest,
  app: App,
  form: RuleForm,
  faults?: Faults,
): Response | Promise<Response> {
  const path = `/apps/${app.id}/rules`
  return show(
    page,
    {
      title: form.isNew ? 'Add a rule' : `Rule ${form.id}`,
      section: '/apps',
      crumbs: [...crumbsOf(app), ['Channel rules', path]],
      lead: 'It holds for all channels whose name begins with this segment, from now on.',
      ...(faults && { status: 400 as const }),
    },
    <RuleCard page={page} form={form} path={path} faults={faults} />,
  )
}

function RuleCard({
  page,
  form,
  path,
  faults,
}: {
  page: PageRequest
  form: RuleForm
  path: string
  faults: Faults | undefined
}) {
  return (
    <Card>
      <Form
        action={form.isNew ? path : `${path}/${encodeURIComponent(form.id)}`}
        class="stack loose"
      >
        {form.isNew ? (
          <Field
            name="id"
            label="First segment"
            value={form.id}
            faults={faults}
            placeholder="chat"
            hint="The part of the channel names before the first colon."
            mono
            required
          />
        ) : (
          faults?.['id'] !== undefined && <Notice tone="bad">{faults['id']}</Notice>
        )}
        <fieldset class="choices" disabled={!mayManage(page)}>
          <legend class="label">What holds</legend>
          {SWITCHES.map(([name, label, hint]) => (
            <Tick name={name} label={label} hint={hint} checked={form[name]} />
          ))}
        </fieldset>
        <Intervals form={form} mayChange={mayManage(page)} faults={faults} />
        {mayManage(page) && <Buttons form={form} path={path} />}
      </Form>
    </Card>
  )
}

function Buttons({ form: { id, isNew }, path }: { form: RuleForm; path: string }) {
  return (
    <div class="row">
      <button class="button primary">{isNew ? 'Add the rule' : 'Save'}</button>
      <PageLink class="button" path={path}>
        Cancel
      </PageLink>
      {!isNew && (
        <PageLink class="button danger" path={`${path}/${encodeURIComponent(id)}/remove`} dialog>
          Remove the rule…
        </PageLink>
      )}
    </div>
  )
}

const INTERVALS = ['batchingInterval', 'conflationInterval', 'conflationKey']

function Intervals({
  form,
  mayChange,
  faults = {},
}: {
  form: RuleForm
  mayChange: boolean
  faults: Faults | undefined
}) {
  const text = (value: number | null) => (value === null ? '' : String(value))
  const hasFault = INTERVALS.some((name) => faults[name] !== undefined)
  return (
    <details class="fold" open={form.batchingEnabled || form.conflationEnabled || hasFault}>
      <summary class="small">Intervals of batches and of the last message</summary>
      <fieldset class="columns" disabled={!mayChange}>
        <legend class="aside">Intervals</legend>
        <Field
          name="batchingInterval"
          label="Batches, milliseconds"
          faults={faults}
          value={text(form.batchingInterval)}
          type="number"
        />
        <Field
          name="conflationInterval"
          label="Only the last, milliseconds"
          faults={faults}
          value={text(form.conflationInterval)}
          type="number"
        />
        <Field
          name="conflationKey"
          label="Only the last, key"
          faults={faults}
          value={form.conflationKey ?? ''}
          placeholder="#{message.name}"
          mono
        />
      </fieldset>
    </details>
  )
}
