/** The audit page: who changed what, and when. */
/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import { type AuditEntry, ENTITIES, type Entity } from '../../service/audit/audit.ts'
import { ENTITY_WORDS, actionPhrase } from '../../service/audit/audit-words.ts'
import { accountScope } from '../access.ts'
import type { Env, PageRequest } from '../page-request.ts'
import { SearchField } from '../view/forms.tsx'
import { show } from '../view/layout.tsx'
import { useHref } from '../view/page-context.ts'
import { Card, Empty, Time, PageLink } from '../view/components.tsx'
import { Table } from '../view/table.tsx'

const PAGE_SIZE = 50

interface Search {
  readonly text: string
  readonly kind: Entity | undefined
  readonly before: number | undefined
}

export function auditPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', showAudit)
  return app
}

function showAudit(page: PageRequest): Response | Promise<Response> {
  const search = searchOf(page)
  const { text, kind, before } = search
  const kinds = kind && [kind]
  const question = { text, kinds, before, limit: PAGE_SIZE }
  const { entries, next } = page.var.parts.services.audit.list(accountScope(page), question)
  return show(
    page,
    {
      title: 'Audit',
      section: '/audit',
      lead: 'Who changed what, here, over the API and on the command line. Secrets are never written down.',
    },
    <div class="stack">
      <SearchForm search={search} />
      <Card flush>
        {entries.length === 0 ? <Nothing search={search} /> : <Entries entries={entries} />}
        {(next !== undefined || before !== undefined) && (
          <div class="card-foot">
            {before !== undefined && <PageLink path={searchPath({ text, kind })}>Newest</PageLink>}
            {next !== undefined && (
              <PageLink path={searchPath({ text, kind, before: next })}>Older</PageLink>
            )}
          </div>
        )}
      </Card>
    </div>,
  )
}

function searchOf(page: PageRequest): Search {
  const before = Number(page.req.query('before'))
  return {
    text: page.req.query('text')?.trim() ?? '',
    kind: ENTITIES.find((entity) => entity === page.req.query('kind')),
    before: Number.isInteger(before) && before > 0 ? before : undefined,
  }
}

function searchPath(search: Partial<Search>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(search))
    if (value !== undefined && value !== '') query.set(name, String(value))
  return query.size === 0 ? '/audit' : `/audit?${query}`
}

function SearchForm({ search: { text, kind } }: { search: Search }) {
  return (
    <form method="get" action={useHref('/audit')} class="filters" role="search">
      <SearchField label="Who or what" text={text} />
      <label class="aside" for="kind">
        Kind
      </label>
      <select class="select" id="kind" name="kind">
        <option value="">Everything</option>
        {ENTITIES.map((entity) => (
          <option value={entity} selected={entity === kind}>
            {capital(ENTITY_WORDS[entity])}
          </option>
        ))}
      </select>
      <button class="button">Show</button>
    </form>
  )
}

function capital(words: string): string {
  return `${words[0]!.toUpperCase()}${words.slice(1)}`
}

function Entries({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <Table head={['When', 'Who', 'What']}>
      {entries.map((entry) => (
        <tr class="top">
          <td data-label="When" class="nowrap">
            <Time at={entry.at} exact />
          </td>
          <td data-label="Who">
            <Who entry={entry} />
          </td>
          <td data-label="What">
            <What entry={entry} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

const ACTOR_WORDS: Readonly<Record<AuditEntry['actorKind'], string | undefined>> = {
  person: undefined,
  token: 'access token',
  key: 'API key',
  command: 'command line',
  server: undefined,
  stranger: undefined,
}

function Who({ entry: { actor, actorKind, address } }: { entry: AuditEntry }) {
  const from = [ACTOR_WORDS[actorKind], address].filter((part) => part)
  return (
    <div>
      {actor}
      {from.length > 0 && <div class="small faint">{from.join(', ')}</div>}
    </div>
  )
}

function What({ entry }: { entry: AuditEntry }) {
  const { words, needsName } = actionPhrase(entry)
  return (
    <div class="stack tight">
      <span>
        {capital(words)} {needsName && <strong>{entry.name}</strong>}
      </span>
      {entry.fields.length > 0 && (
        <ul class="small faint lines">
          {entry.fields.map(({ field, from, to }) => (
            <li>
              {field}: {from !== undefined && <Value text={from} />}
              {from !== undefined && ' → '}
              <Value text={to ?? 'none'} />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

/** What looks like a capability is code. */
function Value({ text }: { text: string }) {
  return text.startsWith('{') ? <code>{text}</code> : <span>{text}</span>
}

function Nothing({ search: { text, kind, before } }: { search: Search }) {
  if (text === '' && kind === undefined && before === undefined)
    return (
      <Empty icon="list" title="Nothing has been changed yet">
        Reservations, apps, keys, people: whoever adds, changes or removes one stands here
        afterwards, with the time and the address.
      </Empty>
    )
  return (
    <Empty
      icon="list"
      title="Nothing fits"
      action={<PageLink path="/audit">Show everything</PageLink>}
    >
      The search looks for a part of a name: that of whoever did it, or of what was changed.
    </Empty>
  )
}
