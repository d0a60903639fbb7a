/** The list of channels in use. */
/** @jsxImportSource hono/jsx */
import type { LiveChannel } from '../../../service/live/live-views.ts'
import type { Found } from '../../../service/live/live-merging.ts'
import { accountScope } from '../../access.ts'
import type { PageRequest } from '../../page-request.ts'
import type { Soon } from '../../../core/soon.ts'
import { type ChannelRef, channelRef } from '../../../core/types.ts'
import { showPart } from '../../view/layout.tsx'
import { MissingNodes } from '../../view/missing-nodes.tsx'
import { Badge, Card, Empty, Time, PageLink } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { plural, rateText } from '../../format.ts'
import { channelPath, withQuery } from './addresses.ts'
import { AppName, LivePart, SearchBar, showLive } from './layout.tsx'
import { PART } from './paths.ts'

const MAX_SHOWN = 100
const QUIET_SHOWN = 30
const MAX_APPS = 50

export async function showChannels(page: PageRequest): Promise<Response> {
  const text = textOf(page)
  const [listing, quiet] = [await found(page), await quietChannels(page, text)]
  return showLive(
    page,
    '/live',
    <div class="stack">
      <SearchBar path="/live" text={text} placeholder="Part of a channel’s name" />
      <Card flush>
        <LivePart path={withQuery(PART.channels, { text })} id="channels">
          <Channels listing={listing} text={text} />
        </LivePart>
      </Card>
      <Quiet quiet={quiet} />
    </div>,
  )
}

/** The list alone, for the script. */
export async function showChannelsPart(page: PageRequest): Promise<Response> {
  return showPart(page, <Channels listing={await found(page)} text={textOf(page)} />)
}

function textOf(page: PageRequest): string {
  return page.req.query('text')?.trim() ?? ''
}

function found(page: PageRequest): Soon<Found<LiveChannel>> {
  return page.var.parts.live.channels(accountScope(page), { text: textOf(page), limit: MAX_SHOWN })
}

function Channels({ listing, text }: { listing: Found<LiveChannel>; text: string }) {
  const { items, missing, total } = listing
  if (total === 0 && missing.length === 0) return <Nothing text={text} />
  return (
    <>
      <MissingNodes names={missing} />
      <Table head={['Channel', 'Of', { number: 'Connections' }, { number: 'Messages/s' }, 'Since']}>
        {items.map((channel) => (
          <Row channel={channel} />
        ))}
      </Table>
      {total > items.length && (
        <div class="card-foot faint">
          The fullest {items.length} of {plural(total, 'channel')}; search to see others.
        </div>
      )}
    </>
  )
}

function Nothing({ text }: { text: string }) {
  if (text === '')
    return (
      <Empty icon="pulse" title="No channel is in use">
        A channel exists while somebody is on it. <PageLink path="/">Connect</PageLink> a client,
        and its channel appears here.
      </Empty>
    )
  return (
    <Empty icon="pulse" title="No channel of that name">
      Only channels in use are listed. Any other can be opened all the same:{' '}
      <PageLink path={channelPath({ name: text })}>{text}</PageLink>
    </Empty>
  )
}

/** Channels with history on the disk and nobody on them, so that it can be found. */
function Quiet({ quiet }: { quiet: readonly ChannelRef[] }) {
  if (quiet.length === 0) return <></>
  return (
    <Card title="Quiet channels" lead="Nobody is on them, and they keep messages on disk.">
      <ul class="lines">
        {quiet.slice(0, QUIET_SHOWN).map((channel) => (
          <li>
            <PageLink
              class="mono breaks"
              path={channelPath({ name: channel.name, appId: channel.realm })}
            >
              {channel.name}
            </PageLink>{' '}
            <span class="small faint">
              <AppName id={channel.realm} />
            </span>
          </li>
        ))}
        {quiet.length > QUIET_SHOWN && <li class="faint">and more; search to see others</li>}
      </ul>
    </Card>
  )
}

/** Of the apps that somebody sees; disposable ones are used for a test, and their channels by nobody afterwards. */
async function quietChannels(page: PageRequest, text: string): Promise<readonly ChannelRef[]> {
  const { keptNames, live, services } = page.var.parts
  const quiet: ChannelRef[] = []
  const apps = services.apps.list(accountScope(page)).filter(({ expiresAt }) => expiresAt === null)
  for (const { id } of apps.slice(0, MAX_APPS)) {
    const kept = Array.from(keptNames(id, text, MAX_SHOWN), (name) => channelRef(id, name))
    // oxlint-disable-next-line no-await-in-loop -- the first apps have enough, most often
    quiet.push(...(await live.quiet(kept)))
    if (quiet.length > QUIET_SHOWN) break
  }
  return quiet
}

function Row({ channel }: { channel: LiveChannel }) {
  const { name, appId, members, rate, since } = channel
  return (
    <tr>
      <td data-label="Channel" class="mono breaks">
        <PageLink path={channelPath(channel)}>{name}</PageLink>
      </td>
      <td data-label="Of">
        {appId === undefined ? <Commons channel={channel} /> : <AppName id={appId} />}
      </td>
      <td data-label="Connections" class="number">
        {members.toLocaleString('en')}
      </td>
      <td data-label="Messages/s" class="number">
        {rateText(rate)}
      </td>
      <td data-label="Since" class="nowrap">
        <Time at={since} />
      </td>
    </tr>
  )
}

function Commons({ channel: { namespace, rule } }: { channel: LiveChannel }) {
  if (namespace !== undefined) return <Badge icon="bookmark">{namespace}</Badge>
  return rule === 'ephemeral' ? (
    <Badge icon="lock">its first member</Badge>
  ) : (
    <Badge icon="open">anyone</Badge>
  )
}
