/** Shows who would notice a change before it is made. */
/** @jsxImportSource hono/jsx */
import type { Impact } from '../../../service/reservations/reservation-impact.ts'
import type { ChangedRules } from '../../../service/reservations/reservation-preview.ts'
import { accountScope } from '../../access.ts'
import type { PageRequest } from '../../page-request.ts'
import { Badge, Notice } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { plural } from '../../format.ts'

/** The impact as the signed-in account may see it: people on channels of other accounts are counted and not named. */
export function impactFor(page: PageRequest, namespace: string, changed: ChangedRules): Impact {
  return page.var.parts.impact(accountScope(page), namespace, changed)
}

/** Whether somebody who is connected would lose something. */
export function isHarmful({ closed, silenced }: Impact): boolean {
  return closed + silenced > 0
}

/** One sentence about everybody. */
export function ImpactLine({ impact }: { impact: Impact }) {
  const { channels, connections, closed, silenced } = impact
  if (connections === 0) return <p>Nobody is connected under this name now.</p>
  const where = `${plural(connections, 'connection')} on ${plural(channels, 'channel')}`
  if (!isHarmful(impact)) return <p>{where} now; none of them would notice.</p>
  const losses = [
    closed > 0 && `${plural(closed, 'connection')} would be closed`,
    silenced > 0 && `${plural(silenced, 'connection')} could listen only`,
  ].filter((loss) => loss !== false)
  return (
    <p>
      Of {where} now, <strong>{losses.join(' and ')}</strong>.
    </p>
  )
}

/** The sentence and the list. */
export function ImpactView({ impact }: { impact: Impact }) {
  return (
    <div class="stack">
      <Notice tone={isHarmful(impact) ? 'warn' : 'plain'}>
        <ImpactLine impact={impact} />
      </Notice>
      {impact.affected.length > 0 && <AffectedTable impact={impact} />}
    </div>
  )
}

function AffectedTable({ impact }: { impact: Impact }) {
  const unlisted = impact.closed + impact.silenced - impact.affected.length
  return (
    <div class="card">
      <Table
        head={['Channel', 'Who', 'Address', 'Then']}
        caption="Connections that would lose something"
      >
        {impact.affected.map(({ connection, loss }) => (
          <tr>
            <td data-label="Channel" class="mono">
              {connection.channel}
            </td>
            <td data-label="Who">{connection.alias ?? connection.uid}</td>
            <td data-label="Address" class="mono">
              {connection.address}
            </td>
            <td data-label="Then">
              {loss === 'closed' ? (
                <Badge tone="bad">closed</Badge>
              ) : (
                <Badge tone="warn">may only listen</Badge>
              )}
            </td>
          </tr>
        ))}
      </Table>
      {unlisted > 0 && <div class="card-foot faint">and {unlisted} more</div>}
    </div>
  )
}
