/** What a reservation may choose for its channels, beside its keys. */
/** @jsxImportSource hono/jsx */
import type { OwnedReservation } from '../../../service/reservations/reservations.ts'
import type { ReservationChange } from '../../../service/reservations/reservation-fields.ts'
import { type Fields, textField } from '../../fields.ts'
import type { PageRequest } from '../../page-request.ts'
import { Form } from '../../view/forms.tsx'
import { Card } from '../../view/components.tsx'

const OPTIONS = [
  {
    name: 'explainRefusals',
    label: 'Explain refusals',
    hint: 'Lets a refused client in for a moment, tells it why in an error event, and closes it.',
  },
  {
    name: 'guardEvents',
    label: 'Guard events',
    hint: 'Refuses messages that look like the protocol’s own: join, leave, error, open, close.',
  },
  {
    name: 'legacyUsers',
    label: 'Numeric users',
    hint: 'Adds the number of members to joins and leaves, for itty-sockets before 0.9.',
  },
] as const

/** What the form of the options asks for. */
export function optionsChange(fields: Fields): ReservationChange {
  const change: Record<string, boolean | string | null> = {}
  for (const { name } of OPTIONS) {
    const value = textField(fields, name)
    if (value === 'on' || value === 'off') change[name] = value === 'on'
    else if (value === 'default') change[name] = null
  }
  const app = fields['app']
  if (app !== undefined) change['app'] = textField(fields, 'app') || null
  return change
}

export function OptionsCard({
  page,
  reservation,
  mayChange,
}: {
  page: PageRequest
  reservation: OwnedReservation
  mayChange: boolean
}) {
  return (
    <Card title="Options" lead="What is left at “as the server” follows the server’s own setting.">
      <Form action={`/reservations/${reservation.id}/options`} class="stack">
        <fieldset class="stack" disabled={!mayChange}>
          <legend class="aside">Options</legend>
          {OPTIONS.map((option) => (
            <Option option={option} reservation={reservation} />
          ))}
          <AppLink page={page} reservation={reservation} />
        </fieldset>
        {mayChange && (
          <div>
            <button class="button">Save options</button>
          </div>
        )}
      </Form>
    </Card>
  )
}

function Option({
  option: { name, label, hint },
  reservation,
}: {
  option: (typeof OPTIONS)[number]
  reservation: OwnedReservation
}) {
  const value = reservation.options[name]
  const chosen = value === undefined ? 'default' : value ? 'on' : 'off'
  return (
    <div class="setting">
      <div>
        <label for={name} class="label">
          {label}
        </label>
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      </div>
      <select class="select" id={name} name={name} aria-describedby={`${name}-hint`}>
        {(['default', 'on', 'off'] as const).map((choice) => (
          <option value={choice} selected={choice === chosen}>
            {choice === 'default' ? 'as the server' : choice}
          </option>
        ))}
      </select>
    </div>
  )
}

function AppLink({ page, reservation }: { page: PageRequest; reservation: OwnedReservation }) {
  const { services } = page.var.parts
  const account = services.accounts.find(reservation.accountId)
  const apps = account.ok ? services.apps.list(account.value) : []
  return (
    <div class="setting">
      <div>
        <label for="app" class="label">
          Shared with an app
        </label>
        <p class="hint" id="app-hint">
          Clients of Ably’s SDKs and of itty-sockets then meet on these channels. Whoever is
          connected is closed once, and comes back to the shared channel.
        </p>
      </div>
      <select class="select" id="app" name="app" aria-describedby="app-hint">
        <option value="">none</option>
        {apps.map(({ id, name }) => (
          <option value={id} selected={id === reservation.options.appId}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}
