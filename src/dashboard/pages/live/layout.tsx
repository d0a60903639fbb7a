/** What the live pages share: the tabs above them, figures, and the part that a script keeps fresh. */
/** @jsxImportSource hono/jsx */
import type { Child, PropsWithChildren } from 'hono/jsx'
import type { LiveFigures } from '../../../service/live/live-questions.ts'
import type { PageRequest } from '../../page-request.ts'
import { SearchField } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { FigureRow } from '../../view/figures.tsx'
import { useHref, usePage } from '../../view/page-context.ts'
import { PageLink } from '../../view/components.tsx'
import { accountScope } from '../../access.ts'
import { rateText } from '../../format.ts'
import { PART, SOCKET_PATH } from './paths.ts'

const TABS = [
  ['/live', 'Channels'],
  ['/live/connections', 'Connections'],
  ['/live/refusals', 'Refusals'],
] as const

type TabPath = (typeof TABS)[number][0]

export async function showLive(page: PageRequest, tab: TabPath, body: Child): Promise<Response> {
  const figures = await page.var.parts.live.figures(accountScope(page))
  return show(
    page,
    {
      title: 'Live',
      section: '/live',
      lead: 'What happens on this server right now.',
      actions: <LiveState />,
      scripts: ['live.js'],
    },
    <>
      <LiveSocket />
      <LivePart path={PART.figures} id="figures">
        <Figures figures={figures} />
      </LivePart>
      <Tabs current={tab} />
      {body}
    </>,
  )
}

function Tabs({ current }: { current: TabPath }) {
  return (
    <nav class="tabs" aria-label="Live">
      {TABS.map(([path, title]) => (
        <a href={useHref(path)} {...(path === current && { 'aria-current': 'page' as const })}>
          {title}
        </a>
      ))}
    </nav>
  )
}

export function Figures({ figures }: { figures: LiveFigures }) {
  const { away, channels, connections, rate, streams } = figures
  return (
    <FigureRow
      figures={[
        ['Connections', connections.toLocaleString('en')],
        ...(streams > 0 ? [['Of these event streams', streams.toLocaleString('en')] as const] : []),
        ['Away, may come back', away.toLocaleString('en')],
        ['Channels', channels.toLocaleString('en')],
        ['Messages a second', rateText(rate)],
      ]}
    />
  )
}

/** Address of the WebSocket, for the script. */
export function LiveSocket() {
  return <span hidden data-socket={useHref(SOCKET_PATH)}></span>
}

/** Whether the page is live, and the button that makes it stand still. */
export function LiveState() {
  return (
    <>
      <span class="live-state" data-live-state role="status">
        As it was when the page was loaded
      </span>
      <button class="button small" type="button" data-pause hidden aria-pressed="false">
        Pause
      </button>
    </>
  )
}

/** A part of the page that is kept up to date while somebody looks. */
export function LivePart({ path, id, children }: PropsWithChildren<{ path: string; id: string }>) {
  return (
    <div id={id} data-view={path}>
      {children}
    </div>
  )
}

/** The same page with what is looked for. */
export function SearchBar({
  path,
  text,
  placeholder,
  hidden = {},
}: {
  path: string
  text: string
  placeholder: string
  hidden?: Readonly<Record<string, string | undefined>>
}) {
  return (
    <form method="get" action={useHref(path)} class="filters" role="search">
      {Object.entries(hidden).map(
        ([name, value]) => value !== undefined && <input type="hidden" name={name} value={value} />,
      )}
      <SearchField label={placeholder} text={text} />
      <button class="button">Search</button>
    </form>
  )
}

/** The name of an app that somebody may see. */
export function AppName({ id }: { id: string }) {
  const found = usePage().var.parts.services.apps.find(id)
  return found.ok ? <PageLink path={`/apps/${id}`}>{found.value.name}</PageLink> : <>{id}</>
}
