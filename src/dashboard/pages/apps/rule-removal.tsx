/** Removing a channel rule, after saying what no longer holds. */
/** @jsxImportSource hono/jsx */
import type { App } from '../../../service/apps/apps.ts'
import { notify } from '../../notices.ts'
import { type PageRequest, redirectTo } from '../../page-request.ts'
import { Form } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Badge, PageLink } from '../../view/components.tsx'
import { sentence, showFailure } from '../failures.tsx'
import { crumbsOf } from './key-form.tsx'
import { SWITCHES } from './rule-form.tsx'
import { rulePath, ruleOf } from './rules.tsx'
import { commit } from '../../guard.ts'

export function askToRemoveRule(page: PageRequest, app: App): Response | Promise<Response> {
  const found = ruleOf(page, app)
  if (!found.ok) return showFailure(page, found.failure)
  const rule = found.value
  const held = SWITCHES.filter(([name]) => rule[name])
  return show(
    page,
    {
      title: `Remove the rule ${rule.id}?`,
      section: '/apps',
      crumbs: [...crumbsOf(app), ['Channel rules', `/apps/${app.id}/rules`]],
      lead: 'Its channels are then as if there had never been one, also for clients that are on them.',
    },
    <div class="stack">
      {held.length > 0 && (
        <div class="stack tight">
          <p>No longer holds:</p>
          <div class="row snug">
            {held.map(([, label]) => (
              <Badge>{label}</Badge>
            ))}
          </div>
        </div>
      )}
      <Form action={`${rulePath(rule)}/remove`} class="row">
        <button class="button danger primary">Remove {rule.id}</button>
        <PageLink class="button" path={rulePath(rule)} cancel>
          Keep it
        </PageLink>
      </Form>
    </div>,
  )
}

export async function removeRule(page: PageRequest, app: App): Promise<Response> {
  const found = ruleOf(page, app)
  if (!found.ok) return showFailure(page, found.failure)
  const { id } = found.value
  const { services, onChange } = page.var.parts
  const removed = await commit(page, () => services.channelRules.remove(app, id))
  if (!removed.ok) notify(page, sentence(removed.failure.message), 'bad')
  else {
    onChange()
    notify(page, `The rule ${id} is gone.`)
  }
  return redirectTo(page, `/apps/${app.id}/rules`)
}
