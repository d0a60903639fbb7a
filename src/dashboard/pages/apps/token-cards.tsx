/** Forms of a key for tokens: making one by hand, and revoking those that are out. */
/** @jsxImportSource hono/jsx */
import type { ApiKey } from '../../../service/apps/api-keys.ts'
import { type Faults, type Fields, textField } from '../../fields.ts'
import { Field, FieldNotes, Form, Tick, describedBy } from '../../view/forms.tsx'
import { Card } from '../../view/components.tsx'
import { keyPath } from './key-form.tsx'

const LIFETIMES: readonly (readonly [minutes: number, label: string])[] = [
  [15, '15 minutes'],
  [60, 'an hour'],
  [1440, 'a day'],
]

/** What the form was sent with, to fill it in again after a fault. */
export interface TokenForm {
  readonly clientId: string
  readonly minutes: number
  readonly capability: string
  readonly isJwt: boolean
}

const FRESH: TokenForm = { clientId: '', minutes: 60, capability: '', isJwt: false }

export function tokenFormOf(fields: Fields): TokenForm {
  return {
    clientId: textField(fields, 'clientId'),
    minutes: Number(textField(fields, 'minutes')) || FRESH.minutes,
    capability: textField(fields, 'capability').trim(),
    isJwt: textField(fields, 'kind') === 'jwt',
  }
}

export function TokenCard({
  apiKey,
  form = FRESH,
  faults,
}: {
  apiKey: ApiKey
  form: TokenForm | undefined
  faults: Faults | undefined
}) {
  const lifetimes = LIFETIMES.filter(([minutes]) => !apiKey.revocableTokens || minutes <= 60)
  return (
    <Card
      title="Make a token"
      lead="For a browser or a device, which should never hold the key itself: it ends by itself, and may do no more than the key."
    >
      <Form action={`${keyPath(apiKey)}/token`} class="stack">
        <div class="columns">
          <Field
            name="clientId"
            label="Client id"
            value={form.clientId}
            faults={faults}
            hint="Who the token speaks for; empty for nobody, * for anybody."
          />
          <div class="field">
            <label for="minutes">Valid for</label>
            <select class="select" id="minutes" name="minutes">
              {lifetimes.map(([minutes, label]) => (
                <option value={String(minutes)} selected={minutes === form.minutes}>
                  {label}
                </option>
              ))}
            </select>
          </div>
        </div>
        <LessField value={form.capability} fault={faults?.['capability']} />
        <fieldset class="row">
          <legend class="aside">Form</legend>
          <Tick type="radio" name="kind" value="token" label="Token" checked={!form.isJwt} />
          <Tick type="radio" name="kind" value="jwt" label="JWT" checked={form.isJwt} />
        </fieldset>
        <div>
          <button class="button">Make the token</button>
        </div>
      </Form>
    </Card>
  )
}

/** For a token that may do less than its key. */
function LessField({ value, fault }: { value: string; fault: string | undefined }) {
  return (
    <details class="fold" open={value !== '' || fault !== undefined}>
      <summary class="small">Less than the key may do</summary>
      <div class="field">
        <label for="capability">Capability as JSON</label>
        <textarea
          class="area mono short"
          id="capability"
          name="capability"
          rows={3}
          spellcheck={false}
          {...describedBy('capability', undefined, fault)}
        >
          {value}
        </textarea>
        <FieldNotes name="capability" fault={fault} />
      </div>
    </details>
  )
}

export function RevokeTokensCard({
  apiKey,
  target = '',
  faults,
}: {
  apiKey: ApiKey
  target: string | undefined
  faults: Faults | undefined
}) {
  return (
    <Card title="Revoke tokens" lead="Those made with this key until now; later ones count again.">
      <Form action={`${keyPath(apiKey)}/revoke-tokens`} class="stack">
        <Field
          name="target"
          label="Of"
          value={target}
          faults={faults}
          placeholder="clientId:ann"
          hint={
            <>
              <code>clientId:ann</code>, <code>channel:lobby</code> or{' '}
              <code>revocationKey:team-1</code>.
            </>
          }
          mono
          required
        />
        <div>
          <button class="button danger">Revoke them</button>
        </div>
      </Form>
    </Card>
  )
}
