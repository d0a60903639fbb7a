/** The part of a form that says what a key may do: ticks and channels, or JSON; each follows the other. */
/** @jsxImportSource hono/jsx */
import { useHref } from '../../view/page-context.ts'
import { Tick, describedBy } from '../../view/forms.tsx'
import { type CapabilityForm, PRIVILEGES } from './capability.ts'

export function CapabilityFields({
  form,
  appId,
  fault,
}: {
  form: CapabilityForm
  appId: string
  fault: string | undefined
}) {
  return (
    <div
      class="stack"
      data-capability={useHref(`/apps/${appId}/capability`)}
      role="group"
      aria-label="What the key may do"
    >
      <div class="half">
        <Tick
          type="radio"
          name="mode"
          value="lists"
          label={<strong>Privileges on channels</strong>}
          checked={form.mode === 'lists'}
        />
        <div class="half-body stack">
          <Privileges chosen={form.privileges} />
          <Channels value={form.channels} fault={form.mode === 'lists' ? fault : undefined} />
        </div>
      </div>
      <JsonHalf form={form} fault={form.mode === 'json' ? fault : undefined} />
    </div>
  )
}

/** Beside the half that counts; a script shows there too what is wrong, while somebody types. */
function HalfFault({ mode, fault }: { mode: CapabilityForm['mode']; fault: string | undefined }) {
  return (
    <p
      class="fault"
      id={`${mode}-fault`}
      data-capability-fault={mode}
      role="status"
      hidden={fault === undefined}
    >
      {fault}
    </p>
  )
}

function JsonHalf({ form, fault }: { form: CapabilityForm; fault: string | undefined }) {
  return (
    <div class="half">
      <Tick
        type="radio"
        name="mode"
        value="json"
        label={<strong>Capability as JSON</strong>}
        hint="For keys that may do different things on different channels."
        checked={form.mode === 'json'}
      />
      <div class="half-body">
        <label for="json" class="aside">
          Capability as JSON
        </label>
        <textarea
          class="area mono"
          id="json"
          name="json"
          rows={5}
          spellcheck={false}
          {...describedBy('json', undefined, fault)}
        >
          {form.json}
        </textarea>
        <HalfFault mode="json" fault={fault} />
      </div>
    </div>
  )
}

function Privileges({ chosen }: { chosen: readonly string[] }) {
  const isFull = chosen.includes('*')
  return (
    <div class="privileges">
      <Tick
        name="privilege"
        value="*"
        label="Everything"
        hint="Also what is added in later versions."
        checked={isFull}
      />
      {PRIVILEGES.map(([group, items]) => (
        <fieldset>
          <legend class="small faint">{group}</legend>
          <div class="choices">
            {items.map(([name, meaning]) => (
              <Tick
                name="privilege"
                value={name}
                label={meaning}
                hint={<code>{name}</code>}
                checked={isFull || chosen.includes(name)}
              />
            ))}
          </div>
        </fieldset>
      ))}
    </div>
  )
}

function Channels({ value, fault }: { value: string; fault: string | undefined }) {
  return (
    <div class="field">
      <label for="channels">Channels</label>
      <textarea
        class="area mono short"
        id="channels"
        name="channels"
        rows={3}
        spellcheck={false}
        {...(fault !== undefined && { 'aria-invalid': 'true' as const, autofocus: true })}
        aria-describedby="lists-fault channels-hint"
      >
        {value}
      </textarea>
      <HalfFault mode="lists" fault={fault} />
      <div class="hint" id="channels-hint">
        One a line. <code>*</code> stands for a whole part between colons: <code>public:*</code> is
        everything below <code>public:</code>, <code>room:*:log</code> the log of any room, and{' '}
        <code>*</code> alone every channel.
      </div>
    </div>
  )
}
