/** Explains, while a name is typed, what reserving it would mean. */
/** @jsxImportSource hono/jsx */
import type { Account } from '../../../service/accounts/accounts.ts'
import type { Impact } from '../../../service/reservations/reservation-impact.ts'
import type { ReservationPreview } from '../../../service/reservations/reservation-preview.ts'
import { type Fields, textField } from '../../fields.ts'
import { chosenAccount } from '../../access.ts'
import type { PageRequest } from '../../page-request.ts'
import { Icon } from '../../view/icons.tsx'
import { accountText } from '../../format.ts'
import { ImpactLine } from './impact.tsx'
import { keyWords } from './key-summary.ts'

/** What the form asks about. */
export interface ReservationDraft {
  readonly account: Account
  readonly namespace: string
  readonly wantsJoinKey: boolean
  readonly wantsSendKey: boolean
}

export interface Preview {
  readonly draft: ReservationDraft
  readonly reservation: ReservationPreview
  /** Undefined where it cannot be reserved. */
  readonly impact: Impact | undefined
}

export function draftOf(page: PageRequest, fields: Fields): ReservationDraft {
  return {
    account: chosenAccount(page, textField(fields, 'account')),
    namespace: textField(fields, 'namespace').trim(),
    wantsJoinKey: textField(fields, 'join') !== '',
    wantsSendKey: textField(fields, 'send') !== '',
  }
}

/** Stands for any new key: nobody has it yet, so the impact shows whom one would shut out. */
const NEW_KEY = 'a key that nobody has yet'

export function previewOf(page: PageRequest, draft: ReservationDraft): Preview {
  const { services, impact } = page.var.parts
  const reservation = services.reservationPreviews.of(draft.account, draft.namespace)
  if (reservation.obstacle !== undefined) return { draft, reservation, impact: undefined }
  const changed = services.reservationPreviews.changed(draft.account, draft.namespace, {
    ...(draft.wantsJoinKey && { joinKey: NEW_KEY }),
    ...(draft.wantsSendKey && { sendKey: NEW_KEY }),
  })
  // As the future owner would see it: people on channels that nobody owns yet are counted and not named.
  return { draft, reservation, impact: impact(draft.account, draft.namespace, changed) }
}

export function PreviewView({ preview }: { preview: Preview }) {
  const { draft, reservation } = preview
  if (draft.namespace === '')
    return (
      <p class="hint">
        Type a name such as <code>acme</code>, or one below a name that you have, such as{' '}
        <code>acme/alerts</code>.
      </p>
    )
  if (reservation.obstacle !== undefined)
    return (
      <p class="fault">
        <Icon name="alert" size={16} />
        <span>
          <code>{draft.namespace}</code> cannot be reserved: {reservation.obstacle}.
        </span>
      </p>
    )
  return <Meaning preview={preview} />
}

function Meaning({ preview: { draft, reservation, impact } }: { preview: Preview }) {
  const { namespace, overrides, below, lookalikes } = reservation
  return (
    <dl class="facts small">
      <dt>Owner</dt>
      <dd>{accountText(draft.account)}</dd>
      <dt>Covers</dt>
      <dd>
        <code>{namespace}</code>, <code>{namespace}/…</code> and <code>{namespace}:…</code>, but not{' '}
        <code>{namespace}-2</code>
      </dd>
      <dt>Keys</dt>
      <dd>{keyWords({ hasJoinKey: draft.wantsJoinKey, hasSendKey: draft.wantsSendKey })}</dd>
      {overrides && (
        <>
          <dt>Overrides</dt>
          <dd>
            <code>{overrides.namespace}</code> for these channels, as a whole:{' '}
            {lostKeys(draft, overrides)}
          </dd>
        </>
      )}
      <Others
        title="Below it"
        names={below}
        one="goes on deciding alone"
        many="go on deciding alone"
      />
      <Others
        title="Mind"
        names={lookalikes}
        one="differs by case only"
        many="differ by case only"
      />
      {impact && (
        <>
          <dt>Right now</dt>
          <dd>
            <ImpactLine impact={impact} />
          </dd>
        </>
      )}
    </dl>
  )
}

/** A more specific reservation inherits nothing (AC-30). */
function lostKeys(
  draft: ReservationDraft,
  above: NonNullable<ReservationPreview['overrides']>,
): string {
  const lost = [
    above.hasJoinKey && !draft.wantsJoinKey && 'join key',
    above.hasSendKey && !draft.wantsSendKey && 'send key',
  ].filter((kind) => kind !== false)
  if (lost.length === 0) return 'what it asks for no longer counts here.'
  return `its ${lost.join(' and ')} would no longer be asked for here.`
}

function Others({
  title,
  names,
  one,
  many,
}: {
  title: string
  names: readonly string[]
  one: string
  many: string
}) {
  if (names.length === 0) return <></>
  return (
    <>
      <dt>{title}</dt>
      <dd>
        <Names names={names} /> {names.length === 1 ? one : many}.
      </dd>
    </>
  )
}

function Names({ names }: { names: readonly string[] }) {
  const shown = names.slice(0, 5)
  const rest = names.length - shown.length
  return (
    <>
      {shown.map((name, i) => (
        <>
          {i > 0 && ', '}
          <code>{name}</code>
        </>
      ))}
      {rest > 0 && ` and ${rest} more`}
    </>
  )
}
