/** The list of connections, of both kinds of client. */
/** @jsxImportSource hono/jsx */
import type { Soon } from '../../../core/soon.ts'
import type { Found } from '../../../service/live/live-merging.ts'
import type { ConnectionSearch } from '../../../service/live/live-questions.ts'
import type {
  AppConnection,
  CommonsConnection,
  LiveConnection,
} from '../../../service/live/live-views.ts'
import { hasRight } from '../../../policy/roles.ts'
import { accountScope } from '../../access.ts'
import { type PageRequest, requireSignedIn } from '../../page-request.ts'
import { showPart } from '../../view/layout.tsx'
import { MissingNodes } from '../../view/missing-nodes.tsx'
import { usePage } from '../../view/page-context.ts'
import { Badge, Card, Empty, Time, PageLink } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { plural, ruleText } from '../../format.ts'
import { channelPath, withQuery } from './addresses.ts'
import { AppName, LivePart, SearchBar, showLive } from './layout.tsx'
import { PART } from './paths.ts'

const MAX_SHOWN = 100
const MAX_CHANNELS = 3

export async function showConnections(page: PageRequest): Promise<Response> {
  const search = searchOf(page)
  const listing = await find(page, search)
  return showLive(
    page,
    '/live/connections',
    <div class="stack">
      <SearchBar
        path="/live/connections"
        text={search.text}
        placeholder="Client, channel, key or address"
      />
      <Card flush>
        <LivePart path={withQuery(PART.connections, search)} id="connections">
          <Connections listing={listing} back="/live/connections" {...search} />
        </LivePart>
      </Card>
    </div>,
  )
}

/** The list alone, for the script. */
export async function showConnectionsPart(page: PageRequest): Promise<Response> {
  const search = searchOf(page)
  const listing = await find(page, search)
  return showPart(page, <Connections listing={listing} back="/live/connections" {...search} />)
}

function searchOf(page: PageRequest) {
  return { text: page.req.query('text')?.trim() ?? '' }
}

function find(page: PageRequest, search: ConnectionSearch): Soon<Found<LiveConnection>> {
  return page.var.parts.live.connections(accountScope(page), { ...search, limit: MAX_SHOWN })
}

/**
 * @param back where disconnecting leads to
 * @param text what was looked for
 */
export function Connections({
  listing: { items, missing, total },
  back,
  text = '',
}: {
  listing: Found<LiveConnection>
  back: string
  text?: string
}) {
  if (total === 0 && missing.length === 0 && text !== '')
    return (
      <Empty icon="plug" title="No connection fits">
        None has “{text}” in its client, channels, key or address.{' '}
        <PageLink path="/live/connections">Show all</PageLink>
      </Empty>
    )
  if (total === 0 && missing.length === 0)
    return (
      <Empty icon="plug" title="Nobody is connected">
        Clients of itty-sockets and of Ably’s SDKs stand here while they are connected, with who
        they say they are and where they come from.
      </Empty>
    )
  const mayEnd = hasRight(requireSignedIn(usePage()).role, 'manage')
  return (
    <>
      <MissingNodes names={missing} />
      <Table
        head={[
          'Client',
          'On',
          'With',
          'Address',
          'Since',
          ...(mayEnd ? [{ unseen: 'Disconnect' }] : []),
        ]}
      >
        {items.map((connection) => (
          <Row connection={connection} mayEnd={mayEnd} back={back} />
        ))}
      </Table>
      {total > items.length && (
        <div class="card-foot faint">
          The newest {items.length} of {plural(total, 'connection')}; search to see others.
        </div>
      )}
    </>
  )
}

function Row({
  connection,
  mayEnd,
  back,
}: {
  connection: LiveConnection
  mayEnd: boolean
  back: string
}) {
  const { id, address, since } = connection
  const name = clientName(connection)
  return (
    <tr>
      <td data-label="Client" class="breaks">
        {name}
        <div class="small faint">
          {connection.protocol === 'itty' ? 'itty-sockets' : 'Ably SDK'}
        </div>
      </td>
      <td data-label="On" class="mono breaks">
        {connection.protocol === 'itty' ? (
          <PageLink path={channelPath({ name: connection.channel })}>{connection.channel}</PageLink>
        ) : (
          <Channels connection={connection} />
        )}
      </td>
      <td data-label="With">
        {connection.protocol === 'itty' ? (
          <Rule connection={connection} />
        ) : (
          <Key connection={connection} />
        )}
      </td>
      <td data-label="Address" class="mono">
        {address ?? <Badge>away</Badge>}
      </td>
      <td data-label="Since" class="nowrap">
        <Time at={since} />
      </td>
      {mayEnd && (
        <td class="actions">
          <PageLink
            path={withQuery('/live/disconnect', { id, back })}
            class="button small danger"
            dialog
          >
            Disconnect…<span class="aside"> {name}</span>
          </PageLink>
        </td>
      )}
    </tr>
  )
}

function clientName(connection: LiveConnection): string {
  if (connection.protocol === 'itty') return connection.alias ?? connection.uid
  return connection.clientId ?? connection.id
}

function Rule({ connection: { rule, maySend } }: { connection: CommonsConnection }) {
  return (
    <span class="row snug">
      <Badge>{ruleText(rule)}</Badge>
      {!maySend && <Badge tone="warn">listens only</Badge>}
    </span>
  )
}

function Key({ connection: { appId, key } }: { connection: AppConnection }) {
  return (
    <div>
      <span class="mono">{key}</span>
      <div class="small faint">
        <AppName id={appId} />
      </div>
    </div>
  )
}

function Channels({ connection: { appId, channels } }: { connection: AppConnection }) {
  if (channels.length === 0) return <span class="faint">none</span>
  return (
    <ul class="lines">
      {channels.slice(0, MAX_CHANNELS).map((name) => (
        <li>
          <PageLink path={channelPath({ name: bare(name), appId })}>{name}</PageLink>
        </li>
      ))}
      {channels.length > MAX_CHANNELS && (
        <li class="faint">and {channels.length - MAX_CHANNELS} more</li>
      )}
    </ul>
  )
}

/** Clients may put parameters and filters before a name; the channel is the same. */
function bare(name: string): string {
  return name.replace(/^\[(?:filter=[^\]]*|\?[^\]]*)\]/, '')
}
