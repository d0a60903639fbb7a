/** The keys of an app. */
/** @jsxImportSource hono/jsx */
import type { ApiKey } from '../../../service/apps/api-keys.ts'
import type { App } from '../../../service/apps/apps.ts'
import type { PageRequest } from '../../page-request.ts'
import { Badge, Card, Empty, Time, PageLink } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { storedLines } from './capability.ts'
import { mayManage, showApp } from './layout.tsx'

export function showKeys(page: PageRequest, app: App): Response | Promise<Response> {
  const keys = page.var.parts.services.apiKeys.list(app)
  const enabled = keys.filter(({ status }) => status === 'enabled')
  const revoked = keys.filter(({ status }) => status === 'revoked')
  return showApp(
    page,
    app,
    { tab: '' },
    <div class="stack loose">
      <Card flush>
        {enabled.length === 0 ? (
          <Empty
            icon="key"
            title="No key yet"
            action={
              mayManage(page) && (
                <PageLink class="button primary" path={`/apps/${app.id}/keys/new`}>
                  Make a key
                </PageLink>
              )
            }
          >
            Clients need an API key, or a token that somebody made with one. A key says what may be
            done on which channels; give each program one of its own, with no more than it needs.
          </Empty>
        ) : (
          <KeyTable app={app} keys={enabled} />
        )}
      </Card>
      {revoked.length > 0 && (
        <Card
          title="Revoked"
          lead="For good; kept here so that their names explain old logs."
          flush
        >
          <KeyTable app={app} keys={revoked} />
        </Card>
      )}
    </div>,
  )
}

function KeyTable({ app, keys }: { app: App; keys: readonly ApiKey[] }) {
  return (
    <Table head={['Key', 'May', 'Last used']}>
      {keys.map((key) => (
        <tr>
          <td data-label="Key">
            <PageLink path={`/apps/${app.id}/keys/${key.id}`}>{key.name || 'unnamed'}</PageLink>
            <div class="mono faint small">{key.keyName}</div>
          </td>
          <td data-label="May">
            <Permits apiKey={key} />
          </td>
          <td data-label="Last used">
            <LastUse at={key.lastUsedAt} />
            {key.hasOldSecret && (
              <div>
                <Badge tone="warn">old secret still valid</Badge>
              </div>
            )}
          </td>
        </tr>
      ))}
    </Table>
  )
}

export function LastUse({ at }: { at: number | null }) {
  return at === null ? <span class="faint">never</span> : <Time at={at} />
}

const SHOWN_LINES = 3

/** What a key permits, in short. */
function Permits({ apiKey }: { apiKey: ApiKey }) {
  const lines = Object.entries(storedLines(apiKey.capability))
  const rest = lines.length - SHOWN_LINES
  return (
    <div class="stack tight">
      {lines.slice(0, SHOWN_LINES).map(([resource, operations]) => (
        <Line resource={resource} operations={operations} />
      ))}
      {rest > 0 && <span class="small faint">and {rest} more lines</span>}
    </div>
  )
}

export function Line({
  resource,
  operations,
}: {
  resource: string
  operations: readonly string[]
}) {
  return (
    <span class="line">
      <span class="mono">{resource === '*' ? 'every channel' : resource}</span>{' '}
      {operations.map((operation) => (
        <Badge tone={operation === '*' ? 'accent' : 'plain'}>
          {operation === '*' ? 'everything' : operation}
        </Badge>
      ))}
    </span>
  )
}
