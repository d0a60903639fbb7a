/** The part of a form that says what a key may do: ticks and channels, or JSON; each follows the other. */
/** @jsxImportSource hono/jsx */
import { useHref } from '../../view/page-context.ts'
import { Tick } from '../../view/forms.tsx'
import { Icon } from '../../view/icons.tsx'
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
      {fault !== undefined && (
        <p class="fault">
          <Icon name="alert" size={16} />
          <span>{fault}</span>
        </p>
      )}
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
          <Channels value={form.channels} />
        </div>
      </div>
      <JsonHalf form={form} />
    </div>
  )
}

function JsonHalf({ form }: { form: CapabilityForm }) {
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
        <textarea class="area mono" id="json" name="json" rows={5} spellcheck={false}>
          {form.json}
        </textarea>
        <p class="fault" data-capability-fault role="status" hidden></p>
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

function Channels({ value }: { value: string }) {
  return (
    <div class="field">
      <label for="channels">Channels</label>
      <textarea
        class="area mono short"
        id="channels"
        name="channels"
        rows={3}
        spellcheck={false}
        aria-describedby="channels-hint"
      >
        {value}
      </textarea>
      <div class="hint" id="channels-hint">
        One a line. <code>*</code> stands for a whole part between colons: <code>public:*</code> is
        everything below <code>public:</code>, <code>room:*:log</code> the log of any room, and{' '}
        <code>*</code> alone every channel.
      </div>
    </div>
  )
}
