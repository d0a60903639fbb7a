/** The page of one reservation: its keys, its options, who is there, and how to give it back. */
/** @jsxImportSource hono/jsx */
import { hasRight } from '../../../policy/roles.ts'
import type { LiveChannel } from '../../../service/live/live-views.ts'
import type { OwnedReservation } from '../../../service/reservations/reservations.ts'
import type { Faults } from '../../fields.ts'
import { maySeeSecrets, accountScope } from '../../access.ts'
import { type PageRequest, requireSignedIn } from '../../page-request.ts'
import { show } from '../../view/layout.tsx'
import { MissingNodes } from '../../view/missing-nodes.tsx'
import { Card, Empty, Time, PageLink } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { plural } from '../../format.ts'
import { channelPath } from '../live/addresses.ts'
import { NameWarnings, KeyBadges } from './list.tsx'
import { KeysCard } from './keys.tsx'
import { OptionsCard } from './options.tsx'
import { keyState, keyWords } from './key-summary.ts'

export async function showReservation(
  page: PageRequest,
  reservation: OwnedReservation,
  faults?: Faults,
): Promise<Response> {
  const { live } = page.var.parts
  const { items: channels, missing } = await live.channels(accountScope(page))
  const mayChange = hasRight(requireSignedIn(page).role, 'manage')
  const nameWarnings = page.var.parts.services.reservations
    .nameWarnings(accountScope(page))
    .filter(({ id }) => id === reservation.id)
  const isShown = page.req.query('keys') === 'shown' && maySeeSecrets(page)
  return show(
    page,
    {
      title: reservation.namespace,
      section: '/reservations',
      crumbs: [['Reservations', '/reservations']],
      lead: keyWords(keyState(reservation)),
      actions: mayChange && (
        <PageLink
          class="button"
          path={`/reservations?namespace=${encodeURIComponent(`${reservation.namespace}/`)}`}
        >
          Reserve below it
        </PageLink>
      ),
      ...(faults && { status: 400 as const }),
    },
    <div class="stack loose">
      <NameWarnings nameWarnings={nameWarnings} />
      <KeysCard reservation={reservation} isShown={isShown} mayChange={mayChange} faults={faults} />
      <MissingNodes names={missing} />
      <ChannelsCard
        reservation={reservation}
        channels={channels.filter(({ namespace }) => namespace === reservation.namespace)}
      />
      <BelowCard page={page} reservation={reservation} />
      <OptionsCard page={page} reservation={reservation} mayChange={mayChange} />
      {mayChange && <EndCard id={reservation.id} />}
    </div>,
  )
}

function EndCard({ id }: { id: string }) {
  return (
    <Card
      title="Give it back"
      lead="The name is free for anyone afterwards; its channels fall to the reservation above, or are open."
      danger
    >
      <PageLink class="button danger" path={`/reservations/${id}/remove`} dialog>
        Remove this reservation…
      </PageLink>
    </Card>
  )
}

function ChannelsCard({
  channels,
  reservation,
}: {
  channels: readonly LiveChannel[]
  reservation: OwnedReservation
}) {
  if (channels.length === 0)
    return (
      <Card flush>
        <Empty icon="pulse" title="Nobody is here">
          A channel exists while somebody is on it. Clients reach one of these as{' '}
          <code>{reservation.namespace}</code> or <code>{reservation.namespace}/anything</code>.
        </Empty>
      </Card>
    )
  return (
    <Card title="Here now" flush>
      <Table head={['Channel', { number: 'Connections' }, 'Since']}>
        {channels.slice(0, 20).map((channel) => (
          <tr>
            <td data-label="Channel" class="mono breaks">
              <PageLink path={channelPath(channel)}>{channel.name}</PageLink>
            </td>
            <td data-label="Connections" class="number">
              {channel.members}
            </td>
            <td data-label="Since">
              <Time at={channel.since} />
            </td>
          </tr>
        ))}
      </Table>
      {channels.length > 20 && (
        <div class="card-foot faint">and {plural(channels.length - 20, 'channel')} more</div>
      )}
    </Card>
  )
}

function BelowCard({ page, reservation }: { page: PageRequest; reservation: OwnedReservation }) {
  const { services } = page.var.parts
  const below = services.reservations
    .list(accountScope(page))
    .filter(({ namespace }) => /^[:/]/.test(namespace.slice(reservation.namespace.length)))
    .filter(({ namespace }) => namespace.startsWith(reservation.namespace))
  if (below.length === 0) return <></>
  return (
    <Card title="Reserved below it" lead="Each decides alone for its own channels." flush>
      <ul class="tree" role="list">
        {below.map((one) => (
          <li class="tree-row short">
            <PageLink path={`/reservations/${one.id}`} class="tree-name mono">
              {one.namespace}
            </PageLink>
            <span class="row">
              <KeyBadges reservation={one} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
