/** The channel rules of an app: what holds for all channels whose name begins with a segment. */
/** @jsxImportSource hono/jsx */
import { DEFAULT_RULE_SETTINGS } from '../../../policy/channel-rule.ts'
import type { App } from '../../../service/apps/apps.ts'
import type { StoredRule } from '../../../service/apps/channel-rules.ts'
import { textField } from '../../fields.ts'
import { notify } from '../../notices.ts'
import { type PageRequest, redirectTo } from '../../page-request.ts'
import { Badge, Card, Empty, PageLink } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { showFailure } from '../failures.tsx'
import { mayManage, showApp } from './layout.tsx'
import { SWITCHES, faultsOfRule, settingsOf, showRuleForm } from './rule-form.tsx'
import { commit } from '../../guard.ts'

export function showRules(page: PageRequest, app: App): Response | Promise<Response> {
  const rules = page.var.parts.services.channelRules.list(app)
  const add = mayManage(page) && (
    <PageLink class="button primary" path={`/apps/${app.id}/rules/new`}>
      Add a rule
    </PageLink>
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
            <PageLink path={rulePath(rule)}>{rule.id}:…</PageLink>
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

export function showNewRule(page: PageRequest, app: App): Response | Promise<Response> {
  return showRuleForm(page, app, { id: '', ...DEFAULT_RULE_SETTINGS, isNew: true })
}

export function showRule(page: PageRequest, app: App): Response | Promise<Response> {
  const found = ruleOf(page, app)
  return found.ok
    ? showRuleForm(page, app, { ...found.value, isNew: false })
    : showFailure(page, found.failure)
}

export async function addRule(page: PageRequest, app: App): Promise<Response> {
  const fields = page.var.fields
  const { services, onChange } = page.var.parts
  const id = textField(fields, 'id').trim()
  const settings = settingsOf(fields)
  const added = await commit(page, () => services.channelRules.add(app, id, settings))
  if (!added.ok) {
    const form = { ...settings, id, isNew: true }
    return showRuleForm(page, app, form, faultsOfRule(form, added.failure.message))
  }
  onChange()
  notify(page, `The rule ${id} holds.`)
  return redirectTo(page, `/apps/${app.id}/rules`)
}

export async function changeRule(page: PageRequest, app: App): Promise<Response> {
  const found = ruleOf(page, app)
  if (!found.ok) return showFailure(page, found.failure)
  const fields = page.var.fields
  const { services, onChange } = page.var.parts
  const { id } = found.value
  const settings = settingsOf(fields)
  const done = await commit(page, () => services.channelRules.set(app, id, settings))
  if (!done.ok) {
    const form = { ...settings, id, isNew: false }
    return showRuleForm(page, app, form, faultsOfRule(form, done.failure.message))
  }
  onChange()
  notify(page, `The rule ${id} is changed.`)
  return redirectTo(page, `/apps/${app.id}/rules`)
}

export function ruleOf(page: PageRequest, app: App) {
  const id = page.req.param('rule') ?? ''
  return page.var.parts.services.channelRules.find(app, id)
}

export function rulePath({ appId, id }: StoredRule): string {
  return `/apps/${appId}/rules/${encodeURIComponent(id)}`
}
