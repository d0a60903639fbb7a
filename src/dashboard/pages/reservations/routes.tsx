/** The addresses of the reservations. */
/** @jsxImportSource hono/jsx */
import { type Handler, Hono } from 'hono'
import { newChannelKey } from '../../../service/id.ts'
import type { Impact } from '../../../service/reservations/reservation-impact.ts'
import type { OwnedReservation } from '../../../service/reservations/reservations.ts'
import { textField } from '../../fields.ts'
import { notify } from '../../notices.ts'
import { visibleReservation } from '../../access.ts'
import { type Env, type PageRequest, redirectTo, requireSignedIn } from '../../page-request.ts'
import { Form } from '../../view/forms.tsx'
import { show, showPart } from '../../view/layout.tsx'
import { PageLink } from '../../view/components.tsx'
import { sentence, showFailure } from '../failures.tsx'
import { changeKey, changeOptions, typedImpact } from './changes.tsx'
import { showReservation } from './detail.tsx'
import { ImpactLine, ImpactView, impactFor, isHarmful } from './impact.tsx'
import { showList } from './list.tsx'
import { PreviewView, type ReservationDraft, previewOf, draftOf } from './preview.tsx'
import { commit } from '../../guard.ts'

export function reservationPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', (page) => {
    const draft = {
      account: requireSignedIn(page).account,
      namespace: page.req.query('namespace') ?? '',
      wantsJoinKey: false,
      wantsSendKey: false,
    }
    return showList(page, previewOf(page, draft))
  })
  app.post('/', reserve)
  app.post('/preview', async (page) => {
    const preview = previewOf(page, draftOf(page, page.var.fields))
    return showPart(page, <PreviewView preview={preview} />)
  })
  app.get('/:id', own(showReservation))
  app.post('/:id/keys', own(changeKey))
  app.post('/:id/options', own(changeOptions))
  app.post(
    '/:id/impact',
    own(async (page, reservation) => {
      const impact = await typedImpact(page, reservation)
      return showPart(page, <ImpactLine impact={impact} />)
    }),
  )
  app.get('/:id/remove', own(askToRemove))
  app.post('/:id/remove', own(remove))
  return app
}

/** Hands over the reservation that the address names, if whoever asks may see it. */
function own(
  answer: (page: PageRequest, reservation: OwnedReservation) => Response | Promise<Response>,
): Handler<Env> {
  return (page) => {
    const found = visibleReservation(page, page.req.param('id') ?? '')
    return found.ok ? answer(page, found.value) : showFailure(page, found.failure)
  }
}

async function reserve(page: PageRequest): Promise<Response> {
  const fields = page.var.fields
  const draft = draftOf(page, fields)
  const preview = previewOf(page, draft)
  if (textField(fields, 'check') !== '') return showList(page, preview)
  const { impact } = preview
  if (impact && isHarmful(impact) && textField(fields, 'confirmed') !== 'yes')
    return askToReserve(page, draft, impact)
  const { services, onChange } = page.var.parts
  const keys = {
    ...(draft.wantsJoinKey && { joinKey: newChannelKey() }),
    ...(draft.wantsSendKey && { sendKey: newChannelKey() }),
  }
  const added = await commit(page, () =>
    services.reservations.add(draft.account, draft.namespace, keys),
  )
  if (!added.ok) {
    const faults = { namespace: sentence(added.failure.message) }
    return showList(page, preview, faults)
  }
  onChange()
  const { reservation, warnings } = added.value
  notify(page, `${reservation.namespace} is reserved.`)
  for (const warning of warnings) notify(page, sentence(warning), 'warn')
  const hasKeys = draft.wantsJoinKey || draft.wantsSendKey
  return redirectTo(page, `/reservations/${reservation.id}${hasKeys ? '?keys=shown' : ''}`)
}

/** Asks for confirmation before people on its channels are shut out. */
function askToReserve(
  page: PageRequest,
  draft: ReservationDraft,
  impact: Impact,
): Response | Promise<Response> {
  const { account, namespace, wantsJoinKey, wantsSendKey } = draft
  return show(
    page,
    {
      title: `Reserve ${namespace}?`,
      section: '/reservations',
      crumbs: [['Reservations', '/reservations']],
    },
    <div class="stack loose">
      <ImpactView impact={impact} />
      <Form action="/reservations" class="row">
        <input type="hidden" name="namespace" value={namespace} />
        <input type="hidden" name="account" value={account.id} />
        {wantsJoinKey && <input type="hidden" name="join" value="on" />}
        {wantsSendKey && <input type="hidden" name="send" value="on" />}
        <input type="hidden" name="confirmed" value="yes" />
        <button class="button primary">Reserve {namespace}</button>
        <PageLink class="button" path={`/reservations?namespace=${encodeURIComponent(namespace)}`}>
          Leave it
        </PageLink>
      </Form>
    </div>,
  )
}

function askToRemove(
  page: PageRequest,
  { id, namespace }: OwnedReservation,
): Response | Promise<Response> {
  const { services } = page.var.parts
  return show(
    page,
    {
      title: `Remove ${namespace}?`,
      section: '/reservations',
      crumbs: [
        ['Reservations', '/reservations'],
        [namespace, `/reservations/${id}`],
      ],
      lead: 'Its keys are forgotten, and anyone may reserve the name. Reservations below it stay.',
    },
    <div class="stack">
      <ImpactView
        impact={impactFor(page, namespace, services.reservationPreviews.removed(namespace))}
      />
      <Form action={`/reservations/${id}/remove`} class="row">
        <button class="button danger primary">Remove {namespace}</button>
        <PageLink class="button" path={`/reservations/${id}`} cancel>
          Keep it
        </PageLink>
      </Form>
    </div>,
  )
}

async function remove(page: PageRequest, { id, namespace }: OwnedReservation): Promise<Response> {
  const { services, onChange } = page.var.parts
  const removed = await commit(page, () => services.reservations.remove(id))
  if (!removed.ok) return showFailure(page, removed.failure)
  onChange()
  notify(page, `${namespace} is no longer reserved.`)
  return redirectTo(page, '/reservations')
}
