/** What pages are put together from: cards, notices, badges, times, code to copy, and what stands where nothing is yet. */
/** @jsxImportSource hono/jsx */
import type { Child, PropsWithChildren } from 'hono/jsx'
import type { Tone } from '../tone.ts'
import { Icon, type IconName } from './icons.tsx'
import { useHref } from './page-context.ts'

/**
 * A link to a page of the dashboard.
 * @param dialog shows the page in a dialog over this one, where scripts run
 * @param cancel closes that dialog
 */
export function PageLink({
  path,
  class: className,
  dialog = false,
  cancel = false,
  children,
}: PropsWithChildren<{ path: string; class?: string; dialog?: boolean; cancel?: boolean }>) {
  return (
    <a
      href={useHref(path)}
      class={className}
      {...(dialog && { 'data-dialog': '' })}
      {...(cancel && { 'data-cancel': '' })}
    >
      {children}
    </a>
  )
}

export function Card({
  title,
  lead,
  actions,
  foot,
  flush = false,
  danger = false,
  id,
  children,
}: PropsWithChildren<{
  title?: Child
  lead?: Child
  actions?: Child
  foot?: Child
  /** Without padding, for tables and lists that reach from edge to edge. */
  flush?: boolean
  danger?: boolean
  id?: string
}>) {
  return (
    <section class={danger ? 'card danger' : 'card'} id={id}>
      {title && (
        <div class="card-head">
          <div>
            <h2>{title}</h2>
            {lead && <p>{lead}</p>}
          </div>
          {actions && <div class="row">{actions}</div>}
        </div>
      )}
      {flush ? children : <div class="card-body">{children}</div>}
      {foot && <div class="card-foot">{foot}</div>}
    </section>
  )
}

const NOTICE_ICON: Readonly<Record<Tone, IconName>> = {
  plain: 'info',
  good: 'check',
  warn: 'alert',
  bad: 'alert',
}

/** The class of a tone; the plain one has none. */
function toned(part: string, tone: Tone | 'accent'): string {
  return tone === 'plain' ? part : `${part} ${tone}`
}

export function Notice({ tone = 'plain', children }: PropsWithChildren<{ tone?: Tone }>) {
  return (
    <div class={toned('notice', tone)} {...(tone === 'bad' && { role: 'alert' })}>
      <Icon name={NOTICE_ICON[tone]} />
      <div>{children}</div>
    </div>
  )
}

export function Badge({
  tone = 'plain',
  icon,
  children,
}: PropsWithChildren<{ tone?: Tone | 'accent'; icon?: IconName }>) {
  return (
    <span class={toned('badge', tone)}>
      {icon && <Icon name={icon} size={13} />}
      {children}
    </span>
  )
}

/** Stands where a list has nothing in it, and says what belongs there and how it gets there. */
export function Empty({
  icon,
  title,
  action,
  children,
}: PropsWithChildren<{ icon: IconName; title: string; action?: Child }>) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </div>
  )
}

/** Text to copy; the button comes with the script that can. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div class="code">
      <pre tabindex={0} role="group" aria-label={label}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label={`Copy ${label}`} />
    </div>
  )
}

/** A secret in the clear, shown only where somebody asked for it. */
export function Secret({ text, label }: { text: string; label: string }) {
  return (
    <div class="secret">
      <code>{text}</code>
      <CopyButton text={text} label={`Copy ${label}`} />
    </div>
  )
}

function CopyButton({ text, label }: { text: string; label: string }) {
  return (
    <button
      type="button"
      class="button quiet small square copy"
      data-copy={text}
      aria-label={label}
      title={label}
      hidden
    >
      <Icon name="copy" size={16} />
    </button>
  )
}

/**
 * A moment, in UTC until the script has put it into the reader's own time and words.
 * @param exact day and time to the second, and not how long ago it was
 */
export function Time({ at, exact = false }: { at: number; exact?: boolean }) {
  const text = new Date(at).toISOString()
  return (
    <time datetime={text} data-time={exact ? 'exact' : ''}>
      {text.slice(0, exact ? 19 : 16).replace('T', ' ')} UTC
    </time>
  )
}
