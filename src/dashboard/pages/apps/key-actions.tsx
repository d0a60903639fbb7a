/** What the buttons of a key do. */
/** @jsxImportSource hono/jsx */
import type { Child } from 'hono/jsx'
import type { FailureName } from '../../../failure.ts'
import type { ApiKey } from '../../../service/apps/api-keys.ts'
import type { App } from '../../../service/apps/apps.ts'
import { textField } from '../../fields.ts'
import { revealSecret, notify } from '../../notices.ts'
import { type PageRequest, redirectTo } from '../../page-request.ts'
import { Form } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Notice, PageLink } from '../../view/components.tsx'
import { plural } from '../../format.ts'
import { sentence } from '../failures.tsx'
import { crumbsOf, keyPath } from './key-form.tsx'
import { KeyImpactView, impactOnKey } from './key-impact.tsx'
import { showKey } from './key.tsx'
import { LastUse } from './keys.tsx'
import { tokenFormOf } from './token-cards.tsx'
import { commit } from '../../guard.ts'

const MINUTE_MS = 60_000

export async function rotateKey(page: PageRequest, app: App, key: ApiKey): Promise<Response> {
  const { services, onChange } = page.var.parts
  const rotated = await commit(page, () => services.apiKeys.rotate(app, key.id))
  if (!rotated.ok) notify(page, sentence(rotated.failure.message), 'bad')
  else {
    onChange()
    const text = 'A new secret. Copy it now: it is not shown again. The old one stays valid.'
    revealSecret(page, text, rotated.value.whole)
  }
  return redirectTo(page, keyPath(key))
}

/** Asks for confirmation of what ends something of a key. */
function confirmKeyAction(
  page: PageRequest,
  app: App,
  key: ApiKey,
  question: KeyQuestion,
): Response | Promise<Response> {
  const { title, lead, warning, path, button, cancel } = question
  return show(
    page,
    {
      title,
      section: '/apps',
      crumbs: [...crumbsOf(app), [key.name || key.keyName, keyPath(key)]],
      lead,
    },
    <div class="stack">
      {warning}
      <Form action={`${keyPath(key)}${path}`} class="row">
        <button class="button danger primary">{button}</button>
        <PageLink class="button" path={keyPath(key)} cancel>
          {cancel}
        </PageLink>
      </Form>
    </div>,
  )
}

interface KeyQuestion {
  readonly title: string
  readonly lead: string
  readonly warning: Child
  /** Below the page of the key. */
  readonly path: string
  readonly button: string
  readonly cancel: string
}

export function askToRetire(
  page: PageRequest,
  app: App,
  key: ApiKey,
): Response | Promise<Response> {
  return confirmKeyAction(page, app, key, {
    title: `Retire the old secret of ${key.name || key.keyName}?`,
    lead: 'Whatever still has it can connect no more. It does not come back.',
    warning: (
      <Notice tone={key.oldLastUsedAt === null ? 'plain' : 'warn'}>
        <p>
          The old secret was last used: <LastUse at={key.oldLastUsedAt} />.
        </p>
      </Notice>
    ),
    path: '/retire',
    button: 'Retire the old secret',
    cancel: 'Keep it for now',
  })
}

export async function retireSecret(page: PageRequest, app: App, key: ApiKey): Promise<Response> {
  const { services, onChange } = page.var.parts
  const retired = await commit(page, () => services.apiKeys.retire(app, key.id))
  if (!retired.ok) notify(page, sentence(retired.failure.message), 'bad')
  else {
    onChange()
    notify(page, 'The old secret no longer counts.')
  }
  return redirectTo(page, keyPath(key))
}

export async function askToRevoke(page: PageRequest, app: App, key: ApiKey): Promise<Response> {
  const impact = await impactOnKey(page, key)
  const name = key.name || key.keyName
  return confirmKeyAction(page, app, key, {
    title: `Revoke ${name}?`,
    lead: 'Its clients are disconnected, and tokens made with it no longer count. It cannot be enabled again.',
    warning: <KeyImpactView impact={impact} />,
    path: '/revoke',
    button: `Revoke ${name}`,
    cancel: 'Keep it',
  })
}

export async function revokeKey(page: PageRequest, app: App, key: ApiKey): Promise<Response> {
  const { services, onChange } = page.var.parts
  const revoked = await commit(page, () => services.apiKeys.revoke(app, key.id))
  if (!revoked.ok) notify(page, sentence(revoked.failure.message), 'bad')
  else {
    onChange()
    notify(page, `${key.name || key.keyName} is revoked.`)
  }
  return redirectTo(page, `/apps/${app.id}`)
}

/** Why no token is made where its capability is to blame, and not its client id. */
const OF_THE_CAPABILITY: ReadonlySet<FailureName> = new Set([
  'capability_invalid',
  'capability_refused',
])

export async function makeToken(page: PageRequest, app: App, key: ApiKey): Promise<Response> {
  const fields = page.var.fields
  const { tokens } = page.var.parts.services
  const token = tokenFormOf(fields)
  const { clientId, capability, isJwt } = token
  const request = {
    ttl: token.minutes * MINUTE_MS,
    ...(clientId !== '' && { clientId }),
    ...(capability !== '' && { capability }),
  }
  const made = isJwt ? await tokens.issueJwt(key.keyName, request) : nativeToken(page, key, request)
  if (!made.ok) {
    const field = OF_THE_CAPABILITY.has(made.failure.name) ? 'capability' : 'clientId'
    return showKey(page, app, key, { token, faults: { [field]: sentence(made.failure.message) } })
  }
  const who = clientId === '' ? 'for no client id' : `for ${clientId}`
  revealSecret(page, `A ${isJwt ? 'JWT' : 'token'} ${who}. It is not shown again.`, made.value)
  return redirectTo(page, keyPath(key))
}

function nativeToken(page: PageRequest, key: ApiKey, request: { ttl: number; clientId?: string }) {
  const issued = page.var.parts.services.tokens.issue(key.keyName, request)
  return issued.ok ? { ok: true as const, value: issued.value.token } : issued
}

export async function revokeTokens(page: PageRequest, app: App, key: ApiKey): Promise<Response> {
  const target = textField(page.var.fields, 'target').trim()
  const { services, onChange } = page.var.parts
  const revoked = await commit(page, () => services.tokens.revoke(key.keyName, [target]))
  if (!revoked.ok) {
    const faults = { target: sentence(revoked.failure.message) }
    return showKey(page, app, key, { target, faults })
  }
  onChange()
  notify(page, `${plural(revoked.value, 'target')} revoked: ${target}.`)
  return redirectTo(page, keyPath(key))
}
