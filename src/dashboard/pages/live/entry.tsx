/** One thing that happened on a channel, drawn here for what is kept and by the script for what comes. */
/** @jsxImportSource hono/jsx */
import type { ActivityKind, ActivityEntry } from '../../../service/live/channel-activity.ts'
import type { WireEntry } from '../../live/updates.ts'
import { visible, visibleLines } from '../../../text/visible.ts'
import { Time } from '../../view/components.tsx'
import { sizeText } from '../../format.ts'

const WORDS: Readonly<Record<ActivityKind, string>> = {
  message: '',
  update: 'changed a message',
  delete: 'deleted a message',
  append: 'appended to a message',
  summary: 'annotations come to',
  enter: 'came',
  leave: 'left',
  change: 'is present with',
  annotate: 'annotated',
  unannotate: 'took an annotation away',
}

export function wireEntry({ at, body, bytes, kind, form, name, who }: ActivityEntry): WireEntry {
  return {
    at,
    // The script puts them into the page as they are.
    who: visible(who ?? ''),
    words: WORDS[kind],
    name: visible(name ?? ''),
    body: visibleLines(body ?? ''),
    note: noteOf(form, body, bytes),
  }
}

function noteOf(
  form: ActivityEntry['form'],
  body: string | undefined,
  bytes: number | undefined,
): string {
  if (form === undefined || bytes === undefined) return ''
  if (form === 'encrypted') return `encrypted, ${sizeText(bytes)}`
  if (form === 'binary') return `binary, ${sizeText(bytes)}`
  return Buffer.byteLength(body ?? '') < bytes ? `the beginning of ${sizeText(bytes)}` : ''
}

/** The script makes the same of what comes (`client/live-log.ts`). */
export function Entry({ entry }: { entry: WireEntry }) {
  const { at, who, words, name, body, note } = entry
  return (
    <li class="entry">
      <div class="entry-head">
        <Time at={at} exact />
        {who !== '' && <strong>{who}</strong>}
        {words !== '' && <span class="faint">{words}</span>}
        {name !== '' && <span class="badge accent">{name}</span>}
        {note !== '' && <span class="faint small">{note}</span>}
      </div>
      {body !== '' && <pre class="entry-body">{body}</pre>}
    </li>
  )
}
