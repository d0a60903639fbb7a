/** What the forms of a reservation do. A change that shuts somebody out is asked about first. */
/** @jsxImportSource hono/jsx */
import { newChannelKey } from '../../../service/id.ts'
import type { Impact } from '../../../service/reservations/reservation-impact.ts'
import type { OwnedReservation } from '../../../service/reservations/reservations.ts'
import type { ReservationChange } from '../../../service/reservations/reservation-fields.ts'
import { type Fields, textField } from '../../fields.ts'
import { notify } from '../../notices.ts'
import { type PageRequest, redirectTo } from '../../page-request.ts'
import { Form } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { PageLink } from '../../view/components.tsx'
import { sentence } from '../failures.tsx'
import { showReservation } from './detail.tsx'
import { ImpactView, impactFor, isHarmful } from './impact.tsx'
import type { KeyKind } from './keys.tsx'
import { optionsChange } from './options.tsx'
import { commit } from '../../guard.ts'

/** Sets, makes or clears one of the keys. */
export async function changeKey(
  page: PageRequest,
  reservation: OwnedReservation,
): Promise<Response> {
  const fields = page.var.fields
  const kind: KeyKind = textField(fields, 'kind') === 'join' ? 'join' : 'send'
  const act = textField(fields, 'act')
  // The confirmed form sends back the key that was generated for the first one.
  const isMade = act === 'generate' || textField(fields, 'made') !== ''
  const key = act === 'generate' ? newChannelKey() : textField(fields, 'key')
  const wanted = act === 'clear' ? null : key
  const change = kind === 'join' ? { joinKey: wanted } : { sendKey: wanted }
  const impact = impactOfChange(page, reservation, change)
  if (isHarmful(impact) && textField(fields, 'confirmed') !== 'yes') {
    return showConfirmation(page, reservation, impact, {
      title: act === 'clear' ? `Take the ${kind} key away?` : `Change the ${kind} key?`,
      action: 'keys',
      fields: {
        kind,
        act: wanted === null ? 'clear' : 'set',
        key: wanted ?? '',
        ...(isMade && { made: 'yes' }),
      },
      button: act === 'clear' ? `Take the ${kind} key away` : `Change the ${kind} key`,
    })
  }
  return apply(page, reservation, change, {
    done: wanted === null ? `The ${kind} key is gone.` : `The ${kind} key is set.`,
    // A generated key was not shown yet, so it is shown now.
    query: isMade ? '?keys=shown' : '',
    field: `${kind}-key`,
  })
}

export async function changeOptions(
  page: PageRequest,
  reservation: OwnedReservation,
): Promise<Response> {
  const fields = page.var.fields
  const change = optionsChange(fields)
  const appId = change.app
  const impact = impactOfChange(page, reservation, appId === undefined ? {} : { appId })
  if (isHarmful(impact) && textField(fields, 'confirmed') !== 'yes') {
    return showConfirmation(page, reservation, impact, {
      title: 'Change what it is shared with?',
      action: 'options',
      fields: withoutToken(fields),
      button: 'Change it',
    })
  }
  return apply(page, reservation, change, {
    done: 'The options are saved.',
    query: '',
    field: 'app',
  })
}

/** Answers the script with what the key that is being typed would change. */
export async function typedImpact(
  page: PageRequest,
  reservation: OwnedReservation,
): Promise<Impact> {
  const fields = page.var.fields
  const key = textField(fields, 'key')
  const change = textField(fields, 'kind') === 'join' ? { joinKey: key } : { sendKey: key }
  return impactOfChange(page, reservation, change)
}

function impactOfChange(
  page: PageRequest,
  { accountId, namespace }: OwnedReservation,
  change: { joinKey?: string | null; sendKey?: string | null; appId?: string | null },
): Impact {
  const { services } = page.var.parts
  const account = services.accounts.find(accountId)
  if (!account.ok) throw new Error('a reservation has no account')
  return impactFor(
    page,
    namespace,
    services.reservationPreviews.changed(account.value, namespace, change),
  )
}

async function apply(
  page: PageRequest,
  { id }: OwnedReservation,
  change: ReservationChange,
  { done, query, field }: { done: string; query: string; field: string },
): Promise<Response> {
  const { services, onChange } = page.var.parts
  const changed = await commit(page, () => services.reservations.change(id, change))
  if (!changed.ok) {
    const found = services.reservations.find(id)
    if (!found.ok) return redirectTo(page, '/reservations')
    return showReservation(page, found.value, { [field]: sentence(changed.failure.message) })
  }
  onChange()
  notify(page, done)
  for (const warning of changed.value.warnings) notify(page, sentence(warning), 'warn')
  return redirectTo(page, `/reservations/${id}${query}`)
}

function showConfirmation(
  page: PageRequest,
  { id, namespace }: OwnedReservation,
  impact: Impact,
  question: {
    readonly title: string
    readonly action: string
    readonly fields: Readonly<Record<string, string>>
    readonly button: string
  },
): Response | Promise<Response> {
  return show(
    page,
    {
      title: question.title,
      section: '/reservations',
      crumbs: [
        ['Reservations', '/reservations'],
        [namespace, `/reservations/${id}`],
      ],
    },
    <div class="stack loose">
      <ImpactView impact={impact} />
      <Form action={`/reservations/${id}/${question.action}`} class="row">
        {Object.entries(question.fields).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <input type="hidden" name="confirmed" value="yes" />
        <button class="button primary">{question.button}</button>
        <PageLink class="button" path={`/reservations/${id}`}>
          Leave it as it is
        </PageLink>
      </Form>
    </div>,
  )
}

function withoutToken(fields: Fields): Record<string, string> {
  const names = Object.keys(fields).filter((name) => name !== 'form')
  return Object.fromEntries(names.map((name) => [name, textField(fields, name)]))
}
