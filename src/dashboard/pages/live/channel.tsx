/** One channel: what happens on it as it happens, what it keeps, who is on it, and a message to try it out. */
/** @jsxImportSource hono/jsx */
import { hasRight } from '../../../policy/roles.ts'
import type { Keeping } from '../../../service/live/channel-inspector.ts'
import type { Soon } from '../../../core/soon.ts'
import type { Found } from '../../../service/live/live-merging.ts'
import type { LiveChannel, LiveConnection } from '../../../service/live/live-views.ts'
import type { Faults } from '../../fields.ts'
import { accountScope } from '../../access.ts'
import { type PageRequest, requireSignedIn } from '../../page-request.ts'
import { Field, FieldNotes, Form, describedBy } from '../../view/forms.tsx'
import { show, showPart } from '../../view/layout.tsx'
import { usePage } from '../../view/page-context.ts'
import { Card, PageLink } from '../../view/components.tsx'
import { rateText } from '../../format.ts'
import { type VisibleChannel, channelQuery, channelPath, withQuery } from './addresses.ts'
import { Connections } from './connections.tsx'
import { AppName, LivePart, LiveSocket } from './layout.tsx'
import { Log } from './log.tsx'
import { PART } from './paths.ts'

const PRESENT_SHOWN = 50
const CONNECTIONS_SHOWN = 50

export interface Tried {
  readonly name: string
  readonly data: string
  readonly faults: Faults
}

export async function showChannel(
  page: PageRequest,
  target: VisibleChannel,
  tried?: Tried,
): Promise<Response> {
  const { name } = target
  const channel = await channelOf(page, target)
  const listing = await connectionsOn(page, target)
  return show(
    page,
    {
      title: name,
      section: '/live',
      crumbs: [['Live', '/live']],
      lead: <Lead target={target} />,
      actions: <Actions target={target} />,
      scripts: ['live.js'],
      ...(tried && { status: 400 as const }),
    },
    <div class="stack loose">
      <LiveSocket />
      <div class="split">
        <Log target={target} />
        <div class="stack">
          {hasRight(requireSignedIn(page).role, 'manage') && (
            <TryOut target={target} tried={tried} />
          )}
          <LivePart path={withQuery(PART.people, channelQuery(target))} id="people">
            <People target={target} channel={channel} />
          </LivePart>
        </div>
      </div>
      <Card title="Connections" flush>
        <LivePart path={withQuery(PART.members, channelQuery(target))} id="connections">
          <ConnectionList listing={listing} target={target} />
        </LivePart>
      </Card>
    </div>,
  )
}

/** Parts of the page, for the script. */
export async function showPeople(page: PageRequest, target: VisibleChannel): Promise<Response> {
  return showPart(page, <People target={target} channel={await channelOf(page, target)} />)
}

export async function showConnectionsOf(
  page: PageRequest,
  target: VisibleChannel,
): Promise<Response> {
  const listing = await connectionsOn(page, target)
  return showPart(page, <ConnectionList listing={listing} target={target} />)
}

function channelOf(page: PageRequest, { ref }: VisibleChannel): Soon<LiveChannel | undefined> {
  return page.var.parts.live.channel(accountScope(page), ref)
}

function connectionsOn(
  page: PageRequest,
  { name, ref }: VisibleChannel,
): Soon<Found<LiveConnection>> {
  const search = { channel: name, limit: CONNECTIONS_SHOWN, appId: ref.realm }
  return page.var.parts.live.connections(accountScope(page), search)
}

const KEEPING: Readonly<Record<Keeping, string>> = {
  nothing: 'It keeps nothing: who is not there when something is said does not get it.',
  minutes: 'It keeps messages for two minutes.',
  last: 'It keeps messages on disk, and the last one for a year.',
  persisted: 'It keeps messages on disk.',
}

function Lead({ target: { ref, appId, name } }: { target: VisibleChannel }) {
  const { inspector, live } = usePage().var.parts
  if (appId === undefined) {
    const { rule, namespace } = live.explain(name, {})
    return (
      <>
        {namespace === undefined
          ? rule === 'open'
            ? 'An open channel of the commons.'
            : 'A channel of the commons.'
          : `A channel under the reservation ${namespace}.`}{' '}
        {KEEPING[inspector.keeping(ref)]}
      </>
    )
  }
  return (
    <>
      A channel of the app <AppName id={appId} />. {KEEPING[inspector.keeping(ref)]}
    </>
  )
}

function Actions({ target }: { target: VisibleChannel }) {
  const { name, appId } = target
  const mayEnd = hasRight(requireSignedIn(usePage()).role, 'manage')
  return (
    <>
      {appId === undefined && (
        <PageLink class="button" path={withQuery('/who', { channel: name })}>
          Who gets in?
        </PageLink>
      )}
      {mayEnd && (
        <PageLink
          class="button danger"
          path={withQuery('/live/disconnect', {
            channel: name,
            app: appId,
            back: channelPath(target),
          })}
          dialog
        >
          Disconnect all…
        </PageLink>
      )}
    </>
  )
}

function TryOut({ target, tried }: { target: VisibleChannel; tried: Tried | undefined }) {
  const { name, appId } = target
  const fault = tried?.faults['data']
  return (
    <Card title="Publish a message" lead="Everybody on the channel gets it.">
      <Form action="/live/publish" class="stack" answerIn="published">
        <input type="hidden" name="channel" value={name} />
        {appId !== undefined && <input type="hidden" name="app" value={appId} />}
        {appId !== undefined && (
          <Field name="name" label="Name" value={tried?.name} hint="May be left empty." mono />
        )}
        <div class="field">
          <label for="data">Message</label>
          <textarea
            class="area mono short"
            id="data"
            name="data"
            required
            spellcheck={false}
            {...describedBy('data', true, fault)}
          >
            {tried?.data ?? ''}
          </textarea>
          <FieldNotes name="data" hint="JSON, or any text." fault={fault} />
        </div>
        <div>
          <button class="button primary">Publish</button>
        </div>
        <div id="published" class="answer" role="status"></div>
      </Form>
    </Card>
  )
}

function People({ target, channel }: { target: VisibleChannel; channel: LiveChannel | undefined }) {
  const { inspector } = usePage().var.parts
  const members = inspector.present(target.ref)
  const { occupancy, members: connections = 0, rate = 0 } = channel ?? {}
  return (
    <Card title="Right now">
      <div class="stack">
        <dl class="facts tight">
          <dt>Connections</dt>
          <dd>{connections.toLocaleString('en')}</dd>
          {occupancy && (
            <>
              <dt>Subscribers</dt>
              <dd>{occupancy.subscribers.toLocaleString('en')}</dd>
              <dt>Publishers</dt>
              <dd>{occupancy.publishers.toLocaleString('en')}</dd>
              <dt>Present</dt>
              <dd>{occupancy.presenceMembers.toLocaleString('en')}</dd>
            </>
          )}
          <dt>Messages/s</dt>
          <dd>{rateText(rate)}</dd>
        </dl>
        {members.length > 0 && (
          <div class="stack tight">
            <h3>Present</h3>
            <ul class="lines present">
              {members.slice(0, PRESENT_SHOWN).map(({ who, body }) => (
                <li>
                  {who} {body !== undefined && <span class="small faint mono">{body}</span>}
                </li>
              ))}
            </ul>
            {members.length > PRESENT_SHOWN && (
              <p class="small faint">and {members.length - PRESENT_SHOWN} more</p>
            )}
          </div>
        )}
      </div>
    </Card>
  )
}

function ConnectionList({
  listing,
  target,
}: {
  listing: Found<LiveConnection>
  target: VisibleChannel
}) {
  if (listing.total === 0 && listing.missing.length === 0)
    return (
      <p class="log-empty faint">
        Nobody is on this channel. <PageLink path="/">Connect</PageLink> a client to it, and it
        stands here.
      </p>
    )
  return <Connections listing={listing} back={channelPath(target)} />
}
