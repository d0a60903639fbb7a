/** The page of all reservations: a tree, and the form that adds to it. */
/** @jsxImportSource hono/jsx */
import { hasRight } from '../../../policy/roles.ts'
import type { LiveChannel } from '../../../service/live/live-views.ts'
import type { OwnedReservation } from '../../../service/reservations/reservations.ts'
import type { NameWarning } from '../../../service/reservations/reserved-names.ts'
import type { Faults } from '../../fields.ts'
import { accountChoices, accountScope } from '../../access.ts'
import { type PageRequest, requireSignedIn } from '../../page-request.ts'
import { AccountChoice } from '../../view/account-choice.tsx'
import { Field, Form, Tick } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { MissingNodes } from '../../view/missing-nodes.tsx'
import { Badge, Card, Empty, Notice, PageLink } from '../../view/components.tsx'
import { plural } from '../../format.ts'
import { PreviewView, type Preview, type ReservationDraft } from './preview.tsx'
import { type Branch, treeOf } from './tree.ts'

export async function showList(
  page: PageRequest,
  preview: Preview,
  faults?: Faults,
): Promise<Response> {
  const { services, live } = page.var.parts
  const reservations = services.reservations.list(accountScope(page))
  const { items: channels, missing } = await live.channels(accountScope(page))
  // The owner is shown only where it is another account.
  const others = services.accounts
    .list()
    .filter(({ id }) => id !== requireSignedIn(page).account.id)
  const accounts = new Map(others.map(({ id, name }) => [id, name]))
  return show(
    page,
    {
      title: 'Reservations',
      section: '/reservations',
      lead: 'A reservation keeps a name and everything below it for you. Its keys decide who may join and who may send.',
      ...(faults && { status: 400 as const }),
    },
    <div class="stack loose">
      <MissingNodes names={missing} />
      {hasRight(requireSignedIn(page).role, 'manage') && (
        <ReserveCard page={page} preview={preview} faults={faults} />
      )}
      <NameWarnings nameWarnings={services.reservations.nameWarnings(accountScope(page))} />
      <Card title={reservations.length > 0 && 'Reserved names'} flush>
        {reservations.length === 0 ? (
          <Empty icon="bookmark" title="Nothing is reserved yet">
            Until then every channel is open: whoever knows its name may join and send. Reserve a
            name to make it yours, with all that lies below it.
          </Empty>
        ) : (
          <Tree branches={treeOf(reservations)} channels={channels} accounts={accounts} />
        )}
      </Card>
    </div>,
  )
}

/** Warns of reservations made before names were folded that have no effect, or not everywhere. */
export function NameWarnings({ nameWarnings }: { nameWarnings: readonly NameWarning[] }) {
  return (
    <>
      {nameWarnings.map(({ because, id, namespace }) => (
        <Notice tone="warn">
          <PageLink path={`/reservations/${id}`} class="mono">
            {namespace}
          </PageLink>{' '}
          {because}.
        </Notice>
      ))}
    </>
  )
}

function ReserveCard({
  page,
  preview,
  faults,
}: {
  page: PageRequest
  preview: Preview
  faults: Faults | undefined
}) {
  const { draft } = preview
  return (
    <Card title="Reserve a name" lead={<Quota page={page} />}>
      <Form
        action="/reservations"
        class="stack"
        preview={{ path: '/reservations/preview', into: 'outlook' }}
      >
        <Field
          name="namespace"
          label="Name"
          value={draft.namespace}
          faults={faults}
          placeholder="acme"
          maxlength={200}
          mono
          required
        />
        <AccountChoice accounts={accountChoices(page)} selected={draft.account.id} />
        <KeyChoices draft={draft} />
        <div id="outlook" aria-live="polite">
          {faults === undefined && <PreviewView preview={preview} />}
        </div>
        <div class="row">
          <button class="button primary">Reserve</button>
          <button class="button" name="check" value="yes" data-scriptless>
            What would it mean?
          </button>
        </div>
      </Form>
    </Card>
  )
}

function KeyChoices({ draft }: { draft: ReservationDraft }) {
  return (
    <fieldset class="choices">
      <legend class="aside">Keys</legend>
      <Tick name="join" label="Ask for a key to join" checked={draft.wantsJoinKey} />
      <Tick name="send" label="Ask for a key to send" checked={draft.wantsSendKey} />
    </fieldset>
  )
}

function Quota({ page }: { page: PageRequest }) {
  const { reservations } = page.var.parts.services
  const { quota } = reservations
  if (quota === 0) return <>Keys are made for you, and shown whenever you ask.</>
  const used = reservations.list(requireSignedIn(page).account).length
  return (
    <>
      {used} of {quota} used; <code>--max-reservations</code> allows more.
    </>
  )
}

interface TreeProps {
  readonly branches: readonly Branch<OwnedReservation>[]
  readonly channels: readonly LiveChannel[]
  readonly accounts: ReadonlyMap<string, string>
}

function Tree({ branches, channels, accounts }: TreeProps) {
  return (
    <ul class="tree" role="list">
      {branches.map((branch) => (
        <li>
          <Row branch={branch} channels={channels} accounts={accounts} />
          {branch.below.length > 0 && (
            <Tree branches={branch.below} channels={channels} accounts={accounts} />
          )}
        </li>
      ))}
    </ul>
  )
}

function Row({
  branch: { item, above, part },
  channels,
  accounts,
}: Omit<TreeProps, 'branches'> & { branch: Branch<OwnedReservation> }) {
  const account = accounts.get(item.accountId)
  const own = channels.filter(({ namespace }) => namespace === item.namespace)
  const members = own.reduce((sum, channel) => sum + channel.members, 0)
  return (
    <div class="tree-row">
      <PageLink path={`/reservations/${item.id}`} class="tree-name mono">
        {above !== '' && <span class="faint">{above}</span>}
        {part}
      </PageLink>
      <span class="row">
        <KeyBadges reservation={item} />
        {account !== undefined && <Badge icon="person">{account}</Badge>}
      </span>
      <span class="tree-live small faint">
        {members === 0
          ? 'nobody here'
          : `${plural(members, 'connection')} on ${plural(own.length, 'channel')}`}
      </span>
    </div>
  )
}

export function KeyBadges({ reservation }: { reservation: OwnedReservation }) {
  const { joinKey, sendKey, options } = reservation
  return (
    <>
      {joinKey !== undefined && (
        <Badge tone="accent" icon="lock">
          join key
        </Badge>
      )}
      {sendKey !== undefined && (
        <Badge tone="accent" icon="lock">
          send key
        </Badge>
      )}
      {joinKey === undefined && sendKey === undefined && <Badge icon="open">no key</Badge>}
      {options.appId !== undefined && <Badge icon="apps">app</Badge>}
    </>
  )
}
