/** The channel rules of an app: what holds for all channels whose name begins with a segment. */
/** @jsxImportSource hono/jsx */
import { DEFAULT_RULE_SETTINGS, type ChannelRuleSettings } from '../../../policy/channel-rule.ts'
import type { App } from '../../../service/apps.ts'
import type { StoredRule } from '../../../service/channel-rules.ts'
import { type Faults, type Fields, readFields, textField } from '../../forms.ts'
import { tell } from '../../notices.ts'
import { type Page, goTo } from '../../site.ts'
import { Field, Form, Tick } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Badge, Card, Empty, To } from '../../view/parts.tsx'
import { sentence, showFailure } from '../failures.tsx'
import { mayManage, showApp } from './frame.tsx'
import { crumbsOf } from './key-form.tsx'

/** Switches with their meaning; the names are those of Ably's rules. */
const SWITCHES = [
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

export function showRules(page: Page, app: App): Response | Promise<Response> {
  const rules = page.var.parts.services.channelRules.list(app)
  const add = mayManage(page) && (
    <To class="button primary" path={`/apps/${app.id}/rules/new`}>
      Add a rule
    </To>
  )
  return showApp(
    page,
    app,
    { tab: '/rules' },
    rules.length === 0 ? (
      <Card flush>
        <Empty icon="list" title="No rule yet" action={add}>
          Without a rule, messages are remembered for two minutes and cannot be changed. A rule
          holds for all channels whose name begins with its segment: <code>chat</code> for{' '}
          <code>chat</code> and <code>chat:anything</code>.
        </Empty>
      </Card>
    ) : (
      <Card title="Rules" actions={add} flush>
        <div class="table-wrap">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Channels</th>
                <th scope="col">What holds</th>
              </tr>
            </thead>
            <tbody>
              {rules.map((rule) => (
                <tr>
                  <td data-label="Channels" class="mono">
                    <To path={rulePath(rule)}>{rule.id}:…</To>
                  </td>
                  <td data-label="What holds">
                    <span class="row snug">
                      {SWITCHES.filter(([name]) => rule[name]).map(([, label]) => (
                        <Badge>{label}</Badge>
                      ))}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
    ),
  )
}

export function showNewRule(page: Page, app: App): Response | Promise<Response> {
  return showRuleForm(page, app, { id: '', ...DEFAULT_RULE_SETTINGS, isNew: true })
}

export function showRule(page: Page, app: App): Response | Promise<Response> {
  const found = ruleOf(page, app)
  return found.ok
    ? showRuleForm(page, app, { ...found.value, isNew: false })
    : showFailure(page, found.failure)
}

export async function addRule(page: Page, app: App): Promise<Response> {
  const fields = await readFields(page)
  const { services, onChange } = page.var.parts
  const id = textField(fields, 'id').trim()
  const settings = settingsOf(fields)
  const added = services.channelRules.add(app, id, settings)
  if (!added.ok) {
    const form = { ...settings, id, isNew: true }
    return showRuleForm(page, app, form, { id: sentence(added.failure.message) })
  }
  onChange()
  tell(page, `The rule ${id} holds.`)
  return goTo(page, `/apps/${app.id}/rules`)
}

export async function changeRule(page: Page, app: App): Promise<Response> {
  const found = ruleOf(page, app)
  if (!found.ok) return showFailure(page, found.failure)
  const fields = await readFields(page)
  const { services, onChange } = page.var.parts
  const { id } = found.value
  const isRemoval = textField(fields, 'act') === 'remove'
  const settings = settingsOf(fields)
  const done = isRemoval
    ? services.channelRules.remove(app, id)
    : services.channelRules.set(app, id, settings)
  if (!done.ok) {
    const form = { ...settings, id, isNew: false }
    return showRuleForm(page, app, form, { id: sentence(done.failure.message) })
  }
  onChange()
  tell(page, isRemoval ? `The rule ${id} is gone.` : `The rule ${id} is changed.`)
  return goTo(page, `/apps/${app.id}/rules`)
}

function ruleOf(page: Page, app: App) {
  const id = page.req.param('rule') ?? ''
  return page.var.parts.services.channelRules.find(app, id)
}

function rulePath({ appId, id }: StoredRule): string {
  return `/apps/${appId}/rules/${encodeURIComponent(id)}`
}

function settingsOf(fields: Fields): ChannelRuleSettings {
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

interface RuleForm extends ChannelRuleSettings {
  readonly id: string
  readonly isNew: boolean
}

function showRuleForm(
  page: Page,
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
          faults && <p class="fault">{faults['id']}</p>
        )}
        <fieldset class="choices">
          <legend class="label">What holds</legend>
          {SWITCHES.map(([name, label, hint]) => (
            <Tick name={name} label={label} hint={hint} checked={form[name]} />
          ))}
        </fieldset>
        <Intervals form={form} />
        {mayManage(page) && (
          <div class="row">
            <button class="button primary">{form.isNew ? 'Add it' : 'Save'}</button>
            <To class="button" path={path}>
              Cancel
            </To>
            {!form.isNew && (
              <button class="button danger" name="act" value="remove">
                Remove the rule
              </button>
            )}
          </div>
        )}
      </Form>
    </Card>,
  )
}

function Intervals({ form }: { form: RuleForm }) {
  const text = (value: number | null) => (value === null ? '' : String(value))
  return (
    <details class="fold" open={form.batchingEnabled || form.conflationEnabled}>
      <summary class="small">Intervals of batches and of the last message</summary>
      <div class="columns">
        <Field
          name="batchingInterval"
          label="Batches, milliseconds"
          value={text(form.batchingInterval)}
          type="number"
        />
        <Field
          name="conflationInterval"
          label="Only the last, milliseconds"
          value={text(form.conflationInterval)}
          type="number"
        />
        <Field
          name="conflationKey"
          label="Only the last, key"
          value={form.conflationKey ?? ''}
          placeholder="#{message.name}"
          mono
        />
      </div>
    </details>
  )
}
