/** What happens on a channel: what it keeps, drawn here, and what comes, which the script puts on top. */
/** @jsxImportSource hono/jsx */
import type { Failure } from '../../../failure.ts'
import { sentence } from '../failures.tsx'
import { usePage } from '../../view/page-context.ts'
import { Card, PageLink } from '../../view/components.tsx'
import { type VisibleChannel, channelQuery, channelPath, withQuery } from './addresses.ts'
import { Entry, wireEntry } from './entry.tsx'
import { LiveState } from './layout.tsx'
import { LOG_PATH } from './paths.ts'

const KEPT_SHOWN = 30
const NO_PAGE = { entries: [], next: undefined } as const

export function Log({ target }: { target: VisibleChannel }) {
  const page = usePage()
  const after = page.req.query('after') || undefined
  const kept = page.var.parts.inspector.kept(target.ref, KEPT_SHOWN, after)
  const { entries, next } = kept.ok ? kept.value : NO_PAGE
  const position = page.var.parts.inspector.position(target.ref)
  const isNewest = after === undefined
  return (
    <Card
      title={isNewest ? 'What happens here' : 'Older messages'}
      actions={isNewest && <LiveState />}
      flush
    >
      <ol
        class="log"
        id="log"
        tabindex={0}
        aria-label="What happened, the newest first"
        {...(isNewest && { 'data-log': logPath(target, position) })}
      >
        {entries.map((entry) => (
          <Entry entry={wireEntry(entry)} />
        ))}
      </ol>
      {!kept.ok && <Unreadable why={kept.failure} />}
      {kept.ok && entries.length === 0 && <Nothing isCommons={target.appId === undefined} />}
      {(next !== undefined || !isNewest) && (
        <div class="card-foot">
          {!isNewest && <PageLink path={channelPath(target)}>Newest</PageLink>}
          {next !== undefined && (
            <PageLink path={withQuery('/live/channel', { ...channelQuery(target), after: next })}>
              Older messages
            </PageLink>
          )}
        </div>
      )}
    </Card>
  )
}

/** The commons keeps no messages, so a page there has no position to continue from. */
function logPath(target: VisibleChannel, position: string): string {
  const since = target.appId === undefined ? undefined : position
  return withQuery(LOG_PATH, { ...channelQuery(target), since })
}

/** Shown where history cannot be read; the rest of the page and new messages still work. */
function Unreadable({ why: { message, name } }: { why: Failure }) {
  return (
    <p class="log-empty" id="log-empty">
      {sentence(message)}{' '}
      {name === 'history_busy' ? 'Load the page again in a while.' : 'The log says why.'}
    </p>
  )
}

function Nothing({ isCommons }: { isCommons: boolean }) {
  return (
    <p class="log-empty faint" id="log-empty">
      {isCommons
        ? 'What is said here from now on appears here, and who comes and goes. Direct messages between two members are theirs alone.'
        : 'Nothing is kept on this channel. What is published from now on appears here, and who comes and goes.'}
    </p>
  )
}
