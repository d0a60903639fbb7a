/** What the live pages share: the tabs above them, figures, and the part that a script keeps fresh. */
/** @jsxImportSource hono/jsx */
import type { Child, PropsWithChildren } from 'hono/jsx'
import type { LiveFigures } from '../../../service/live.ts'
import type { Page } from '../../site.ts'
import { show } from '../../view/layout.tsx'
import { FigureRow } from '../../view/figures.tsx'
import { useHref, usePage } from '../../view/page-context.ts'
import { To } from '../../view/parts.tsx'
import { seen } from '../../sight.ts'
import { rateText } from '../../words.ts'

const TABS = [
  ['/live', 'Channels'],
  ['/live/connections', 'Connections'],
  ['/live/refusals', 'Refusals'],
] as const

type TabPath = (typeof TABS)[number][0]

export function showLive(page: Page, tab: TabPath, body: Child): Response | Promise<Response> {
  return show(
    page,
    {
      title: 'Live',
      section: '/live',
      lead: 'What happens on this server right now.',
      scripts: ['live.js'],
    },
    <>
      <Fresh path="/live/figures" id="figures">
        <Figures figures={page.var.parts.live.figures(seen(page))} />
      </Fresh>
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

export function Figures({ figures: { channels, connections, rate } }: { figures: LiveFigures }) {
  return (
    <FigureRow
      figures={[
        ['Connections', connections.toLocaleString('en')],
        ['Channels', channels.toLocaleString('en')],
        ['Messages a second', rateText(rate)],
      ]}
    />
  )
}

/** A part of the page that the script asks for again every other second. */
export function Fresh({ path, id, children }: PropsWithChildren<{ path: string; id: string }>) {
  return (
    <div id={id} data-fresh={useHref(path)}>
      {children}
    </div>
  )
}

/** The same page with what is looked for, and beside it the button that stops the list from moving. */
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
      <label class="aside" for="text">
        {placeholder}
      </label>
      <input
        class="input"
        id="text"
        name="text"
        type="search"
        value={text}
        placeholder={placeholder}
        spellcheck={false}
      />
      <button class="button">Search</button>
      <button class="button" type="button" data-pause hidden aria-pressed="false">
        Pause
      </button>
    </form>
  )
}

/** The name of an app that somebody may see. */
export function AppName({ id }: { id: string }) {
  const found = usePage().var.parts.services.apps.find(id)
  return found.ok ? <To path={`/apps/${id}`}>{found.value.name}</To> : <>{id}</>
}
