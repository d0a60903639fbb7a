/** The keys of a reservation: whether they are set, shown to whoever asks, and the forms that change them. */
/** @jsxImportSource hono/jsx */
import type { OwnedReservation } from '../../../service/reservations/reservations.ts'
import type { Faults } from '../../fields.ts'
import { FieldNotes, Form, describedBy } from '../../view/forms.tsx'
import { Badge, Card, Secret, PageLink } from '../../view/components.tsx'
import { keyState } from './key-summary.ts'

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

interface KeysProps {
  readonly reservation: OwnedReservation
  /** Whether the keys themselves are on the page. */
  readonly isShown: boolean
  readonly mayChange: boolean
  readonly faults: Faults | undefined
}

export function KeysCard(props: KeysProps) {
  const { reservation, isShown, mayChange } = props
  return (
    <Card
      title="Keys"
      lead="A change counts at once, also for those who are connected."
      actions={mayChange && <ShowKeys reservation={reservation} isShown={isShown} />}
    >
      <div class="columns">
        <KeyBlock kind="join" {...props} />
        <KeyBlock kind="send" {...props} />
      </div>
    </Card>
  )
}

function ShowKeys({ reservation, isShown }: { reservation: OwnedReservation; isShown: boolean }) {
  const { hasJoinKey, hasSendKey } = keyState(reservation)
  if (!hasJoinKey && !hasSendKey) return <></>
  const path = `/reservations/${reservation.id}`
  return (
    <PageLink class="button small" path={isShown ? path : `${path}?keys=shown`}>
      {isShown ? 'Hide keys' : 'Show keys'}
    </PageLink>
  )
}

function KeyBlock({
  reservation,
  kind,
  isShown,
  mayChange,
  faults,
}: KeysProps & { kind: KeyKind }) {
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

function KeyForm(props: { id: string; kind: KeyKind; isSet: boolean; faults: Faults | undefined }) {
  const { id, kind, isSet } = props
  const action = `/reservations/${id}/keys`
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
      <TypedKey {...props} />
    </div>
  )
}

/** For a key that somebody else has made. */
function TypedKey({ id, kind, faults }: { id: string; kind: KeyKind; faults: Faults | undefined }) {
  const name = `${kind}-key`
  const fault = faults?.[name]
  const into = `${kind}-impact`
  return (
    <details class="fold" open={fault !== undefined}>
      <summary class="small">Type one</summary>
      <Form
        action={`/reservations/${id}/keys`}
        class="stack tight"
        preview={{ path: `/reservations/${id}/impact`, into }}
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
            {...describedBy(name, undefined, fault)}
          />
          <FieldNotes name={name} fault={fault} />
        </div>
        <div id={into} class="hint" aria-live="polite"></div>
        <div>
          <button class="button small primary" name="act" value="set">
            Set
          </button>
        </div>
      </Form>
    </details>
  )
}
