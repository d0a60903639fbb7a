/** The page of backups: made, checked, taken away, removed. For owners of the server's own account. */
/** @jsxImportSource hono/jsx */
import { type Handler, Hono } from 'hono'
import { type Result, failure } from '../../failure.ts'
import type { ShelvedBackup } from '../../ops/backup/backup-shelf.ts'
import { readFields, textField } from '../forms.ts'
import { tell } from '../notices.ts'
import { mayGovernServer } from '../sight.ts'
import { type Env, type Page, goTo, visitorOf } from '../site.ts'
import { Form, Tick } from '../view/forms.tsx'
import { show } from '../view/layout.tsx'
import { Badge, Card, Code, Empty, Time, To } from '../view/parts.tsx'
import { plural, sizeText } from '../words.ts'
import { sentence, showFailure } from './failures.tsx'

export function backupPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.use(async (page, next) =>
    mayGovernServer(page)
      ? next()
      : showFailure(page, failure('forbidden', 'backups are for owners of this server')),
  )
  app.get('/', showBackups)
  app.post('/', create)
  app.post('/:name/check', at(check))
  app.get('/:name/remove', at(askToRemove))
  app.post('/:name/remove', at(remove))
  app.get(
    '/:name/file',
    at((page, backup) => download(page, backup, 'settings')),
  )
  app.get(
    '/:name/history',
    at((page, backup) => download(page, backup, 'history')),
  )
  return app
}

/** Hands over the backup that the address names. */
function at(
  answer: (page: Page, backup: ShelvedBackup) => Response | Promise<Response>,
): Handler<Env> {
  return (page) => {
    const found = page.var.parts.backups.find(page.req.param('name') ?? '')
    return found ? answer(page, found) : showFailure(page, failure('backup_unknown'))
  }
}

function showBackups(page: Page): Response | Promise<Response> {
  const { backups } = page.var.parts
  const list = backups.list()
  return show(
    page,
    {
      title: 'Backups',
      section: '/backups',
      lead: 'Everything that is set, in one file, and what channels remember in another beside it. Taken while the server runs.',
    },
    backups.folder === undefined ? (
      <Card flush>
        <Empty icon="archive" title="There is nothing to back up">
          This server keeps everything in memory, where it ends with the server. Started without{' '}
          <code>--in-memory</code>, it keeps its settings and what channels remember on disk.
        </Empty>
      </Card>
    ) : (
      <div class="stack loose">
        <MakeOne isWorking={backups.isWorking} />
        <Card title={list.length > 0 && 'Made here'} flush>
          {list.length === 0 ? (
            <Empty icon="archive" title="No backup was made here yet">
              It is written to <code>{backups.folder}</code> and checked page by page. Take it to
              another machine from here: beside the data it protects from mistakes, and not from a
              broken disk.
            </Empty>
          ) : (
            <List list={list} />
          )}
        </Card>
        <Restoring folder={backups.folder} name={list[0]?.name} />
      </div>
    ),
  )
}

function MakeOne({ isWorking }: { isWorking: boolean }) {
  return (
    <Card
      title="Make a backup"
      lead="Keys in it stay encrypted. Without the file master.key of the data folder it is of no use to anybody, you included: keep a copy of that somewhere else, once."
    >
      <Form action="/backups" class="stack">
        <Tick
          name="history"
          label="With what channels remember"
          hint="Persisted messages, which may be large."
          checked
        />
        <div class="row">
          <button class="button primary" disabled={isWorking}>
            Make a backup
          </button>
          {isWorking && <span class="faint">Another one is being made or checked.</span>}
        </div>
      </Form>
    </Card>
  )
}

function List({ list }: { list: readonly ShelvedBackup[] }) {
  return (
    <div class="table-wrap">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Made</th>
            <th scope="col">Settings</th>
            <th scope="col">History</th>
            <th scope="col">Checked</th>
            <th scope="col">
              <span class="aside">What to do with it</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((backup) => (
            <Row backup={backup} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ backup }: { backup: ShelvedBackup }) {
  const { name, at: made, bytes, historyBytes } = backup
  const path = `/backups/${name}`
  return (
    <tr class="top">
      <td data-label="Made">
        <Time at={made} exact />
        <div class="small faint mono breaks">{name}</div>
      </td>
      <td data-label="Settings" class="nowrap">
        <To path={`${path}/file`}>Download</To>
        <div class="small faint">{sizeText(bytes)}</div>
      </td>
      <td data-label="History" class="nowrap">
        {historyBytes === undefined ? (
          <span class="faint">left out</span>
        ) : (
          <div>
            <To path={`${path}/history`}>Download</To>
            <div class="small faint">{sizeText(historyBytes)}</div>
          </div>
        )}
      </td>
      <td data-label="Checked">
        <Checked checked={backup.checked} />
      </td>
      <td class="actions">
        <span class="row snug">
          <Form action={`${path}/check`}>
            <button class="button small">
              Check<span class="aside"> {name}</span>
            </button>
          </Form>
          <To path={`${path}/remove`} class="button small danger" dialog>
            Remove…<span class="aside"> {name}</span>
          </To>
        </span>
      </td>
    </tr>
  )
}

function Checked({ checked }: { checked: ShelvedBackup['checked'] }) {
  if (!checked) return <span class="faint">not since the server started</span>
  if (!checked.ok) return <Problem words={sentence(checked.failure.message)} />
  const { masterKeyFits, apps, apiKeys, reservations, history } = checked.value
  if (masterKeyFits !== true)
    return <Problem words="It is whole, but the master key does not open it." />
  const holds = [
    plural(reservations, 'reservation'),
    plural(apps, 'app'),
    plural(apiKeys, 'API key'),
    ...(history ? [`${plural(history.entries, 'kept entry', 'kept entries')} of channels`] : []),
  ]
  return (
    <div>
      <Badge tone="good" icon="check">
        whole, and the key fits
      </Badge>
      <div class="small faint">{holds.join(', ')}</div>
    </div>
  )
}

function Problem({ words }: { words: string }) {
  return (
    <div>
      <Badge tone="bad" icon="alert">
        not usable
      </Badge>
      <div class="small faint">{words}</div>
    </div>
  )
}

function Restoring({ folder, name }: { folder: string; name: string | undefined }) {
  const file = shellWord(`${folder}/${name ?? 'latchkey-….backup'}`)
  return (
    <Card
      title="To restore one"
      lead="Stop the server, put master.key into the data folder, and run this. What was there is kept beside it under another name."
    >
      <Code text={`latchkey backup restore ${file}`} label="the command" />
    </Card>
  )
}

/** As a shell takes it for one word. */
function shellWord(text: string): string {
  return /^[\w./…-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

async function create(page: Page): Promise<Response> {
  const { backups } = page.var.parts
  page.env.visit.keepOpen()
  const withHistory = textField(await readFields(page), 'history') !== ''
  const made = await backups.create(withHistory)
  if (made.ok) {
    note(page, 'add', made.value.name)
    tell(page, 'The backup is made and checked.')
  } else tell(page, sentence(made.failure.message), 'bad')
  return goTo(page, '/backups')
}

async function check(page: Page, { name }: ShelvedBackup): Promise<Response> {
  page.env.visit.keepOpen()
  const checked = await page.var.parts.backups.check(name)
  tellChecked(page, checked)
  return goTo(page, '/backups')
}

function tellChecked(page: Page, checked: Result<{ masterKeyFits: boolean | undefined }>): void {
  if (!checked.ok) tell(page, sentence(checked.failure.message), 'bad')
  else if (checked.value.masterKeyFits === true)
    tell(page, 'The backup is whole, and the master key fits.')
  else tell(page, 'The backup is whole, but the master key does not open it.', 'bad')
}

function askToRemove(page: Page, { name, at: made }: ShelvedBackup): Response | Promise<Response> {
  return show(
    page,
    {
      title: 'Remove this backup?',
      section: '/backups',
      crumbs: [['Backups', '/backups']],
      lead: (
        <>
          <code>{name}</code>, made <Time at={made} exact />. It is deleted from the disk.
        </>
      ),
    },
    <Form action={`/backups/${name}/remove`} class="row">
      <button class="button danger primary">Remove it</button>
      <To class="button" path="/backups" cancel>
        Keep it
      </To>
    </Form>,
  )
}

function remove(page: Page, { name }: ShelvedBackup): Response {
  const removed = page.var.parts.backups.remove(name)
  if (removed.ok) {
    note(page, 'remove', name)
    tell(page, 'The backup is removed.')
  } else tell(page, sentence(removed.failure.message), 'bad')
  return goTo(page, '/backups')
}

function download(
  page: Page,
  { name }: ShelvedBackup,
  part: 'settings' | 'history',
): Response | Promise<Response> {
  const path = page.var.parts.backups.path(name, part)
  if (path === undefined) return showFailure(page, failure('backup_unknown'))
  page.env.visit.keepOpen()
  note(page, 'download', name)
  const file = part === 'settings' ? name : `${name}.history`
  return new Response(Bun.file(path), {
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${file}"`,
    },
  })
}

function note(page: Page, action: 'add' | 'remove' | 'download', name: string): void {
  const { audit } = page.var.parts.services
  const { account } = visitorOf(page)
  audit.record({ action, kind: 'backup', id: name, name, accountId: account.id })
}
