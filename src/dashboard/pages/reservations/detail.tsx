/** The page of one reservation: its keys, its options, who is there, and how to give it back. */
/** @jsxImportSource hono/jsx */
import { hasRight } from '../../../policy/roles.ts'
import type { OwnedReservation } from '../../../service/reservations.ts'
import type { Faults } from '../../forms.ts'
import { maySeeSecrets, seen } from '../../sight.ts'
import { type Page, visitorOf } from '../../site.ts'
import { Form, FieldNotes, describedBy } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Badge, Card, Empty, Secret, Time, To } from '../../view/parts.tsx'
import { plural } from '../../words.ts'
import { KeyBadges } from './list.tsx'
import { OptionsCard } from './options.tsx'
import { keyState, keyWords } from './key-words.ts'

export type KeyKind = 'join' | 'send'

const KEY_MEANING: Readonly<Record<KeyKind, { title: string; without: string; hint: string }>> = {
  join: {
    title: 'Join key',
    without: 'Not set: anyone may join.',
    hint: 'Opens the door: without it nobody gets in.',
  },
  send: {
    title: 'Send key',
    without: 'Not set: whoever is in may send.',
    hint: 'Lets people speak: without it they only listen. HTTP push needs it too.',
  },
}

export function showReservation(
  page: Page,
  reservation: OwnedReservation,
  faults?: Faults,
): Response | Promise<Response> {
  const mayChange = hasRight(visitorOf(page).role, 'manage')
  const isShown = page.req.query('keys') === 'shown' && maySeeSecrets(page)
  return show(
    page,
    {
      title: reservation.namespace,
      section: '/reservations',
      crumbs: [['Reservations', '/reservations']],
      lead: keyWords(keyState(reservation)),
      actions: mayChange && (
        <To
          class="button"
          path={`/reservations?namespace=${encodeURIComponent(`${reservation.namespace}/`)}`}
        >
          Reserve below it
        </To>
      ),
      ...(faults && { status: 400 as const }),
    },
    <div class="stack loose">
      <Card
        title="Keys"
        lead="A change counts at once, also for those who are connected."
        actions={mayChange && <ShowKeys reservation={reservation} isShown={isShown} />}
      >
        <div class="columns">
          {(['join', 'send'] as const).map((kind) => (
            <KeyBlock
              reservation={reservation}
              kind={kind}
              isShown={isShown}
              mayChange={mayChange}
              faults={faults}
            />
          ))}
        </div>
      </Card>
      <ChannelsCard page={page} reservation={reservation} />
      <BelowCard page={page} reservation={reservation} />
      <OptionsCard page={page} reservation={reservation} mayChange={mayChange} />
      {mayChange && (
        <Card
          title="Give it back"
          lead="The name is free for anyone afterwards; its channels fall to the reservation above, or are open."
          danger
        >
          <To class="button danger" path={`/reservations/${reservation.id}/remove`} dialog>
            Remove this reservation…
          </To>
        </Card>
      )}
    </div>,
  )
}

function ShowKeys({ reservation, isShown }: { reservation: OwnedReservation; isShown: boolean }) {
  const { hasJoinKey, hasSendKey } = keyState(reservation)
  if (!hasJoinKey && !hasSendKey) return <></>
  const path = `/reservations/${reservation.id}`
  return (
    <To class="button small" path={isShown ? path : `${path}?keys=shown`}>
      {isShown ? 'Hide keys' : 'Show keys'}
    </To>
  )
}

function KeyBlock({
  reservation,
  kind,
  isShown,
  mayChange,
  faults,
}: {
  reservation: OwnedReservation
  kind: KeyKind
  isShown: boolean
  mayChange: boolean
  faults: Faults | undefined
}) {
  const key = kind === 'join' ? reservation.joinKey : reservation.sendKey
  const { title, without, hint } = KEY_MEANING[kind]
  return (
    <div class="stack tight">
      <div class="row">
        <h3>{title}</h3>
        {key === undefined ? <Badge>not set</Badge> : <Badge tone="good">set</Badge>}
      </div>
      {key !== undefined && isShown && <Secret text={key} label={title} />}
      <p class="small faint">{key === undefined ? without : hint}</p>
      {mayChange && (
        <KeyForm id={reservation.id} kind={kind} isSet={key !== undefined} faults={faults} />
      )}
    </div>
  )
}

function KeyForm({
  id,
  kind,
  isSet,
  faults,
}: {
  id: string
  kind: KeyKind
  isSet: boolean
  faults: Faults | undefined
}) {
  const name = `${kind}-key`
  const action = `/reservations/${id}/keys`
  const preview = `${kind}-impact`
  return (
    <div class="stack tight">
      <div class="row">
        <Form action={action} class="inline">
          <input type="hidden" name="kind" value={kind} />
          <button class="button small" name="act" value="generate">
            {isSet ? 'Make a new one' : 'Make one'}
          </button>
        </Form>
        {isSet && (
          <Form action={action} class="inline">
            <input type="hidden" name="kind" value={kind} />
            <button class="button small danger" name="act" value="clear">
              Take it away
            </button>
          </Form>
        )}
      </div>
      <details class="fold" open={faults?.[name] !== undefined}>
        <summary class="small">Type one</summary>
        <Form
          action={action}
          class="stack tight"
          preview={{ path: `/reservations/${id}/impact`, into: preview }}
        >
          <input type="hidden" name="kind" value={kind} />
          <div class="field">
            <label for={name} class="aside">
              New {kind} key
            </label>
            <input
              class="input mono"
              id={name}
              name="key"
              required
              autocomplete="off"
              spellcheck={false}
              {...describedBy(name, undefined, faults?.[name])}
            />
            <FieldNotes name={name} fault={faults?.[name]} />
          </div>
          <div id={preview} class="hint" aria-live="polite"></div>
          <div>
            <button class="button small primary" name="act" value="set">
              Set
            </button>
          </div>
        </Form>
      </details>
    </div>
  )
}

function ChannelsCard({ page, reservation }: { page: Page; reservation: OwnedReservation }) {
  const channels = page.var.parts.live
    .channels(seen(page))
    .items.filter(({ namespace }) => namespace === reservation.namespace)
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
      <div class="table-wrap">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Channel</th>
              <th scope="col" class="number">
                Connections
              </th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {channels.slice(0, 20).map((channel) => (
              <tr>
                <td data-label="Channel" class="mono">
                  {channel.name}
                </td>
                <td data-label="Connections" class="number">
                  {channel.members}
                </td>
                <td data-label="Since">
                  <Time at={channel.since} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {channels.length > 20 && (
        <div class="card-foot faint">and {plural(channels.length - 20, 'channel')} more</div>
      )}
    </Card>
  )
}

function BelowCard({ page, reservation }: { page: Page; reservation: OwnedReservation }) {
  const { services } = page.var.parts
  const below = services.reservations
    .list(seen(page))
    .filter(({ namespace }) => /^[:/]/.test(namespace.slice(reservation.namespace.length)))
    .filter(({ namespace }) => namespace.startsWith(reservation.namespace))
  if (below.length === 0) return <></>
  return (
    <Card title="Reserved below it" lead="Each decides alone for its own channels." flush>
      <ul class="tree" role="list">
        {below.map((one) => (
          <li class="tree-row short">
            <To path={`/reservations/${one.id}`} class="tree-name mono">
              {one.namespace}
            </To>
            <span class="row">
              <KeyBadges reservation={one} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
