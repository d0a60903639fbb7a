/** Shows which clients would notice that a key ends or permits less, before it is done. */
/** @jsxImportSource hono/jsx */
import type { Capability } from '../../../policy/capability/capability.ts'
import type { ApiKey } from '../../../service/apps/api-keys.ts'
import type { App } from '../../../service/apps/apps.ts'
import { type KeyImpact, keyImpact } from '../../../service/apps/key-impact.ts'
import { accountScope } from '../../access.ts'
import type { PageRequest } from '../../page-request.ts'
import { MissingNodes } from '../../view/missing-nodes.tsx'
import { Badge, Notice } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { plural } from '../../format.ts'

/** The impact on connections, as far as nodes have told of them. */
export interface ShownImpact extends KeyImpact {
  /** Names of the nodes that did not answer. */
  readonly missing: readonly string[]
}

/** Whether somebody should be asked before it is done. */
export function isWorthAsking({ losing, missing }: ShownImpact): boolean {
  return losing > 0 || missing.length > 0
}

/** @param after what the key will permit; undefined where it ends */
export async function impactOnKey(
  page: PageRequest,
  key: ApiKey,
  after?: Capability,
): Promise<ShownImpact> {
  const { live } = page.var.parts
  const search = { appId: key.appId }
  const { items, missing } = await live.connections(accountScope(page), search)
  return { ...keyImpact(items, key.keyName, after), missing }
}

export async function impactOfEnd(page: PageRequest, app: App): Promise<ShownImpact> {
  const { live } = page.var.parts
  const search = { appId: app.id }
  const { items, missing } = await live.connections(accountScope(page), search)
  return { ...keyImpact(items, undefined, undefined), missing }
}

export function KeyImpactView({ impact }: { impact: ShownImpact }) {
  return (
    <>
      <MissingNodes names={impact.missing} />
      <KnownImpact impact={impact} />
    </>
  )
}

function KnownImpact({ impact }: { impact: KeyImpact }) {
  const { connections, losing, listed } = impact
  if (connections === 0) return <Notice>Nobody is connected with it now.</Notice>
  if (losing === 0)
    return <Notice>{plural(connections, 'connection')} now; none of them would notice.</Notice>
  return (
    <div class="stack">
      <Notice tone="warn">
        <p>
          Of {plural(connections, 'connection')} now,{' '}
          <strong>{plural(losing, 'connection')} would lose something</strong>.
        </p>
      </Notice>
      <div class="card">
        <Table head={['Client', 'Address', 'Then']} caption="Connections that would lose something">
          {listed.map(({ connection, channels }) => (
            <tr>
              <td data-label="Client">{connection.clientId ?? connection.id}</td>
              <td data-label="Address" class="mono">
                {connection.address ?? 'away'}
              </td>
              <td data-label="Then">
                {channels === undefined ? (
                  <Badge tone="bad">disconnected</Badge>
                ) : (
                  <>
                    <Badge tone="warn">off</Badge> <span class="mono">{channels.join(', ')}</span>
                  </>
                )}
              </td>
            </tr>
          ))}
        </Table>
        {losing > listed.length && (
          <div class="card-foot faint">and {losing - listed.length} more</div>
        )}
      </div>
    </div>
  )
}
