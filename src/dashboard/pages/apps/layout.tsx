/** The frame of the pages of one app: its name, and tabs for keys, rules and settings. */
/** @jsxImportSource hono/jsx */
import type { Child } from 'hono/jsx'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { hasRight } from '../../../policy/roles.ts'
import type { App } from '../../../service/apps/apps.ts'
import { type PageRequest, requireSignedIn } from '../../page-request.ts'
import { show } from '../../view/layout.tsx'
import { Badge, PageLink } from '../../view/components.tsx'
import { useHref } from '../../view/page-context.ts'

export type Tab = '' | '/rules' | '/settings'

const TABS: readonly (readonly [path: Tab, title: string])[] = [
  ['', 'API keys'],
  ['/rules', 'Channel rules'],
  ['/settings', 'Settings'],
]

export function showApp(
  page: PageRequest,
  app: App,
  { tab, status }: { tab: Tab; status?: ContentfulStatusCode },
  body: Child,
): Response | Promise<Response> {
  return show(
    page,
    {
      title: app.name,
      section: '/apps',
      crumbs: [['Apps and keys', '/apps']],
      lead: (
        <>
          Id <code>{app.id}</code>
          {app.status === 'disabled' && (
            <>
              {' '}
              <Badge tone="warn">disabled: nobody can connect</Badge>
            </>
          )}
        </>
      ),
      actions: tab === '' && mayManage(page) && (
        <PageLink class="button primary" path={`/apps/${app.id}/keys/new`}>
          Make a key
        </PageLink>
      ),
      ...(status && { status }),
    },
    <>
      <nav class="tabs" aria-label="Parts of the app">
        {TABS.map(([path, title]) => (
          <TabLink path={`/apps/${app.id}${path}`} isCurrent={path === tab}>
            {title}
          </TabLink>
        ))}
      </nav>
      {body}
    </>,
  )
}

export function mayManage(page: PageRequest): boolean {
  return hasRight(requireSignedIn(page).role, 'manage')
}

function TabLink({
  path,
  isCurrent,
  children,
}: {
  path: string
  isCurrent: boolean
  children: string
}) {
  return (
    <a href={useHref(path)} {...(isCurrent && { 'aria-current': 'page' })}>
      {children}
    </a>
  )
}
