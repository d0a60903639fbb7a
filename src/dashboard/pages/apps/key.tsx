/** The page of one key: what it may do, its secrets, tokens made with it, and its end. */
/** @jsxImportSource hono/jsx */
import type { PropsWithChildren } from 'hono/jsx'
import type { ApiKey } from '../../../service/apps/api-keys.ts'
import type { App } from '../../../service/apps/apps.ts'
import type { Faults } from '../../fields.ts'
import type { PageRequest } from '../../page-request.ts'
import { Form } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Badge, Card, Code, PageLink } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { prettyJson, storedLines } from './capability.ts'
import { mayManage } from './layout.tsx'
import { crumbsOf, keyPath } from './key-form.tsx'
import { LastUse } from './keys.tsx'
import { RevokeTokensCard, TokenCard, type TokenForm } from './token-cards.tsx'

/** What a form of the page asked for, and what is wrong with it. */
interface Attempt {
  readonly faults?: Faults
  readonly token?: TokenForm
  /** Whose tokens were to be revoked. */
  readonly target?: string
}

export function showKey(
  page: PageRequest,
  app: App,
  key: ApiKey,
  { faults, token, target }: Attempt = {},
): Response | Promise<Response> {
  const isUsable = key.status === 'enabled' && mayManage(page)
  return show(
    page,
    {
      title: key.name || key.keyName,
      section: '/apps',
      crumbs: crumbsOf(app),
      lead: (
        <>
          <code>{key.keyName}</code> {key.status === 'revoked' && <Badge tone="bad">revoked</Badge>}
          {key.revocableTokens && <Badge>revocable tokens</Badge>}
        </>
      ),
      actions: isUsable && (
        <PageLink class="button" path={`${keyPath(key)}/edit`}>
          Change
        </PageLink>
      ),
      ...(faults && { status: 400 as const }),
    },
    <div class="stack loose">
      <PermitsCard capability={key.capability} />
      <SecretsCard apiKey={key} isUsable={isUsable} />
      {isUsable && <TokenCard apiKey={key} form={token} faults={faults} />}
      {isUsable && key.revocableTokens && (
        <RevokeTokensCard apiKey={key} target={target} faults={faults} />
      )}
      {isUsable && (
        <Card
          title="End it"
          lead="For good: its clients are disconnected, and tokens made with it no longer count."
          danger
        >
          <PageLink class="button danger" path={`${keyPath(key)}/revoke`} dialog>
            Revoke this key…
          </PageLink>
        </Card>
      )}
    </div>,
  )
}

function PermitsCard({ capability }: { capability: string }) {
  const lines = storedLines(capability)
  return (
    <Card title="What it may do" flush>
      <Table head={['Channels', 'Privileges']}>
        {Object.entries(lines).map(([resource, operations]) => (
          <tr>
            <td data-label="Channels" class="mono">
              {resource}
            </td>
            <td data-label="Privileges">
              <span class="row snug">
                {operations.map((operation) => (
                  <Badge tone={operation === '*' ? 'accent' : 'plain'}>
                    {operation === '*' ? 'everything' : operation}
                  </Badge>
                ))}
              </span>
            </td>
          </tr>
        ))}
      </Table>
      <div class="card-foot">
        <details class="fold wide">
          <summary class="small">As JSON</summary>
          <Code text={prettyJson(lines)} label="the capability" />
        </details>
      </div>
    </Card>
  )
}

function SecretsCard({ apiKey, isUsable }: { apiKey: ApiKey; isUsable: boolean }) {
  const path = keyPath(apiKey)
  return (
    <Card
      title="Secrets"
      lead={
        apiKey.hasOldSecret
          ? 'Two secrets are valid. Retire the old one when nothing uses it any more.'
          : 'A new secret leaves the old one valid until you retire it, so nothing has to stop.'
      }
      flush
    >
      <Table head={['Secret', 'Last used', { unseen: 'What can be done' }]}>
        <SecretRow name="Current" lastUsed={apiKey.lastUsedAt}>
          {isUsable && !apiKey.hasOldSecret && (
            <Form action={`${path}/rotate`} class="inline">
              <button class="button small">Make a new secret</button>
            </Form>
          )}
        </SecretRow>
        {apiKey.hasOldSecret && (
          <SecretRow name="Old" lastUsed={apiKey.oldLastUsedAt}>
            {isUsable && (
              <PageLink class="button small danger" path={`${path}/retire`} dialog>
                Retire it…
              </PageLink>
            )}
          </SecretRow>
        )}
      </Table>
    </Card>
  )
}

function SecretRow({
  name,
  lastUsed,
  children,
}: PropsWithChildren<{ name: string; lastUsed: number | null }>) {
  return (
    <tr>
      <td data-label="Secret">
        {name} {name === 'Old' && <Badge tone="warn">still valid</Badge>}
      </td>
      <td data-label="Last used">
        <LastUse at={lastUsed} />
      </td>
      <td class="actions">{children}</td>
    </tr>
  )
}
