/** Statistics of apps and of the commons, by hour, day, month and year; and how the server is doing. */
/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import { isOwner } from '../../../api/access.ts'
import type { App } from '../../../service/apps/apps.ts'
import { COMMONS_STATS } from '../../../service/stats/stats.ts'
import { accountScope } from '../../access.ts'
import { type Env, type PageRequest, requireSignedIn } from '../../page-request.ts'
import { Chart } from '../../view/chart.tsx'
import { show } from '../../view/layout.tsx'
import { useHref } from '../../view/page-context.ts'
import { Card, Empty, PageLink } from '../../view/components.tsx'
import { withQuery } from '../live/addresses.ts'
import { chartsOf, isEmpty } from './figures.ts'
import { ServerHealth } from './health.tsx'

/** How far back, in how many intervals of which unit. */
const SPANS = {
  hour: { title: 'Hour', unit: 'minute', count: 60 },
  day: { title: 'Day', unit: 'hour', count: 24 },
  month: { title: 'Month', unit: 'day', count: 31 },
  year: { title: 'Year', unit: 'month', count: 13 },
} as const

type Span = keyof typeof SPANS

const ALL = 'all'
const COMMONS = 'commons'

export function statisticsPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', showStatistics)
  return app
}

function showStatistics(page: PageRequest): Response | Promise<Response> {
  const { services, health } = page.var.parts
  const isServers = isOwner(requireSignedIn(page))
  const all = services.apps.list(accountScope(page))
  const apps = all.filter(({ expiresAt }) => expiresAt === null)
  const { span, of } = draftOf(page, apps, isServers)
  const { unit, count } = SPANS[span]
  const charts = chartsOf(unit, services.stats.latest(idsOf(of, apps, isServers), unit, count))
  return show(
    page,
    {
      title: 'Statistics',
      section: '/statistics',
      lead: 'What was sent, delivered and refused. The same numbers as over the API and on the command line; times of charts are UTC.',
      scripts: ['charts.js'],
    },
    <div class="stack loose">
      <div class="stack">
        <Whose
          apps={apps}
          of={of}
          span={span}
          isServers={isServers}
          hasOthers={all.length > apps.length}
        />
        <Spans of={of} span={span} />
      </div>
      {isEmpty(charts) ? (
        <Card flush>
          <Empty icon="chart" title="Nothing was counted in this time">
            As soon as clients <PageLink path="/">connect</PageLink>, publish and listen, it is
            counted by the minute, and shown here about a second later.
          </Empty>
        </Card>
      ) : (
        <section aria-labelledby="counted">
          <h2 id="counted" class="aside">
            What was counted
          </h2>
          <div class="charts">
            {charts.map((data) => (
              <Chart data={data} />
            ))}
          </div>
        </section>
      )}
      {isServers && <ServerHealth health={health} />}
    </div>,
  )
}

function isSpan(text: string): text is Span {
  return Object.hasOwn(SPANS, text)
}

function draftOf(
  page: PageRequest,
  apps: readonly App[],
  isServers: boolean,
): { readonly span: Span; readonly of: string } {
  const span = page.req.query('span') ?? ''
  const of = page.req.query('of') ?? ''
  const isKnown = apps.some(({ id }) => id === of) || (of === COMMONS && isServers)
  return { span: isSpan(span) ? span : 'hour', of: isKnown ? of : ALL }
}

function idsOf(of: string, apps: readonly App[], isServers: boolean): string[] {
  if (of === COMMONS) return [COMMONS_STATS]
  if (of !== ALL) return [of]
  const all = apps.map(({ id }) => id)
  return isServers ? [COMMONS_STATS, ...all] : all
}

function Whose({
  apps,
  of,
  span,
  isServers,
  hasOthers,
}: {
  apps: readonly App[]
  of: string
  span: Span
  isServers: boolean
  /** Whether there are disposable apps, which are not added up. */
  hasOthers: boolean
}) {
  return (
    <form method="get" action={useHref('/statistics')} class="filters">
      <input type="hidden" name="span" value={span} />
      <label class="aside" for="of">
        Of what
      </label>
      <select class="select" id="of" name="of">
        <option value={ALL}>{hasOthers ? 'Everything but disposable apps' : 'Everything'}</option>
        {isServers && (
          <option value={COMMONS} selected={of === COMMONS}>
            The commons (itty-sockets)
          </option>
        )}
        {apps.map(({ id, name }) => (
          <option value={id} selected={id === of}>
            {name}
          </option>
        ))}
      </select>
      <button class="button">Show</button>
    </form>
  )
}

function Spans({ of, span }: { of: string; span: Span }) {
  return (
    <nav class="tabs" aria-label="How far back">
      {Object.entries(SPANS).map(([name, { title }]) => (
        <TabLink
          path={withQuery('/statistics', { span: name, of: of === ALL ? undefined : of })}
          isCurrent={name === span}
          title={title}
        />
      ))}
    </nav>
  )
}

function TabLink({ path, title, isCurrent }: { path: string; title: string; isCurrent: boolean }) {
  return (
    <a href={useHref(path)} {...(isCurrent && { 'aria-current': 'page' as const })}>
      {title}
    </a>
  )
}
