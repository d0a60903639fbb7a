/** The channel rules of an app: what holds for all channels whose name begins with a segment. */
/** @jsxImportSource hono/jsx */
import { DEFAULT_RULE_SETTINGS } from '../../../policy/channel-rule.ts'
import type { App } from '../../../service/apps/apps.ts'
import type { StoredRule } from '../../../service/apps/channel-rules.ts'
import { readFields, textField } from '../../forms.ts'
import { tell } from '../../notices.ts'
import { type Page, goTo } from '../../site.ts'
import { Badge, Card, Empty, To } from '../../view/parts.tsx'
import { Table } from '../../view/table.tsx'
import { showFailure } from '../failures.tsx'
import { mayManage, showApp } from './frame.tsx'
import { SWITCHES, faultsOfRule, settingsOf, showRuleForm } from './rule-form.tsx'

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
        <RuleTable rules={rules} />
      </Card>
    ),
  )
}

function RuleTable({ rules }: { rules: readonly StoredRule[] }) {
  return (
    <Table head={['Channels', 'What holds']}>
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
    </Table>
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
    return showRuleForm(page, app, form, faultsOfRule(added.failure.message))
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
  const settings = settingsOf(fields)
  const done = services.channelRules.set(app, id, settings)
  if (!done.ok) {
    const form = { ...settings, id, isNew: false }
    return showRuleForm(page, app, form, faultsOfRule(done.failure.message))
  }
  onChange()
  tell(page, `The rule ${id} is changed.`)
  return goTo(page, `/apps/${app.id}/rules`)
}

export function ruleOf(page: Page, app: App) {
  const id = page.req.param('rule') ?? ''
  return page.var.parts.services.channelRules.find(app, id)
}

export function rulePath({ appId, id }: StoredRule): string {
  return `/apps/${appId}/rules/${encodeURIComponent(id)}`
}
