/** The page of backups: how one is made, what there is, and how one is restored. */
/** @jsxImportSource hono/jsx */
import { shellWord } from '../../../text/shell.ts'
import type { PageRequest } from '../../page-request.ts'
import { Form, Tick } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Card, Code, Empty } from '../../view/components.tsx'
import { BackupList } from './list.tsx'

export function showBackups(page: PageRequest): Response | Promise<Response> {
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
            <BackupList list={list} />
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
