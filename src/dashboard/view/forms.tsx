/** Forms that work without scripts: labelled fields with hints and faults, and the token that every write needs. */
/** @jsxImportSource hono/jsx */
import type { Child, PropsWithChildren } from 'hono/jsx'
import type { Faults } from '../fields.ts'
import { useHref, usePage } from './page-context.ts'
import { Icon } from './icons.tsx'

/**
 * A form that writes.
 * @param action a path of the dashboard
 * @param preview asks a path what the form would do while it is filled in, and shows the answer in an element
 * @param answerIn the element in which a script shows what came of it, so that the page stays as it is
 */
export function Form({
  action,
  preview,
  answerIn,
  class: className,
  children,
}: PropsWithChildren<{
  action: string
  preview?: { readonly path: string; readonly into: string }
  answerIn?: string
  class?: string
}>) {
  const { formToken } = usePage().var
  const asked = preview && {
    'data-preview': useHref(preview.path),
    'data-preview-into': preview.into,
  }
  const stays = answerIn !== undefined && { 'data-answer-in': answerIn }
  return (
    <form method="post" action={useHref(action)} class={className} {...asked} {...stays}>
      {formToken !== '' && <input type="hidden" name="form" value={formToken} />}
      {children}
    </form>
  )
}

export interface FieldProps {
  readonly name: string
  readonly label: Child
  readonly hint?: Child
  readonly value?: string | undefined
  readonly faults?: Faults | undefined
  readonly type?: string
  readonly autocomplete?: string
  readonly placeholder?: string
  readonly required?: boolean
  readonly mono?: boolean
  readonly autofocus?: boolean
  readonly maxlength?: number
}

/** One line of text. */
export function Field({
  name,
  label,
  hint,
  value,
  faults,
  mono,
  type = 'text',
  ...rest
}: FieldProps) {
  const fault = faults?.[name]
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        class={mono ? 'input mono' : 'input'}
        id={name}
        name={name}
        type={type}
        value={value}
        spellcheck={false}
        autocapitalize="off"
        {...rest}
        {...describedBy(name, hint, fault)}
      />
      <FieldNotes name={name} hint={hint} fault={fault} />
    </div>
  )
}

/** What is wrong, and what helps; the field names both for readers of the screen. */
export function FieldNotes({
  name,
  hint,
  fault,
}: {
  name: string
  hint?: Child | undefined
  fault?: string | undefined
}) {
  return (
    <>
      {fault !== undefined && (
        <div class="fault" id={`${name}-fault`}>
          <Icon name="alert" size={16} />
          <span>{fault}</span>
        </div>
      )}
      {hint !== undefined && (
        <div class="hint" id={`${name}-hint`}>
          {hint}
        </div>
      )}
    </>
  )
}

/** A field with a fault also takes the focus, so that nobody has to look for it. */
export function describedBy(name: string, hint: Child | undefined, fault: string | undefined) {
  const ids = [fault !== undefined && `${name}-fault`, hint !== undefined && `${name}-hint`]
  const found = ids.filter((id) => id !== false)
  return {
    ...(found.length > 0 && { 'aria-describedby': found.join(' ') }),
    ...(fault !== undefined && { 'aria-invalid': 'true' as const, autofocus: true }),
  }
}

/** A tick beside its meaning. */
export function Tick({
  name,
  value = 'on',
  label,
  hint,
  checked = false,
  type = 'checkbox',
}: {
  name: string
  value?: string
  label: Child
  hint?: Child
  checked?: boolean
  type?: 'checkbox' | 'radio'
}) {
  return (
    <label class="choice">
      <input type={type} name={name} value={value} checked={checked} />
      <span>{label}</span>
      {hint && <span class="hint">{hint}</span>}
    </label>
  )
}

/** The field of a search, which the page finds again under `text` in its address. */
export function SearchField({ label, text }: { label: string; text: string }) {
  return (
    <>
      <label class="aside" for="text">
        {label}
      </label>
      <input
        class="input"
        id="text"
        name="text"
        type="search"
        value={text}
        placeholder={label}
        spellcheck={false}
      />
    </>
  )
}
