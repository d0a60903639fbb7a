/** What the page of backups does. */
/** @jsxImportSource hono/jsx */
import { type Result, failure } from '../../../failure.ts'
import type { StoredBackup } from '../../../ops/backup/backup-folder.ts'
import { textField } from '../../fields.ts'
import { notify } from '../../notices.ts'
import { type PageRequest, redirectTo, requireSignedIn } from '../../page-request.ts'
import { Form } from '../../view/forms.tsx'
import { show } from '../../view/layout.tsx'
import { Time, PageLink } from '../../view/components.tsx'
import { sentence, showFailure } from '../failures.tsx'

export async function create(page: PageRequest): Promise<Response> {
  const { backups } = page.var.parts
  page.env.visit.keepOpen()
  const withHistory = textField(page.var.fields, 'history') !== ''
  const made = await backups.create(withHistory)
  if (made.ok) {
    note(page, 'add', made.value.name)
    notify(page, 'The backup is made and checked.')
  } else notify(page, sentence(made.failure.message), 'bad')
  return redirectTo(page, '/backups')
}

export async function check(page: PageRequest, { name }: StoredBackup): Promise<Response> {
  page.env.visit.keepOpen()
  const checked = await page.var.parts.backups.check(name)
  tellChecked(page, checked)
  return redirectTo(page, '/backups')
}

function tellChecked(
  page: PageRequest,
  checked: Result<{ masterKeyFits: boolean | undefined }>,
): void {
  if (!checked.ok) notify(page, sentence(checked.failure.message), 'bad')
  else if (checked.value.masterKeyFits === true)
    notify(page, 'The backup is whole, and the master key fits.')
  else notify(page, 'The backup is whole, but the master key does not open it.', 'bad')
}

export function askToRemove(
  page: PageRequest,
  { name, at: made }: StoredBackup,
): Response | Promise<Response> {
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
      <PageLink class="button" path="/backups" cancel>
        Keep it
      </PageLink>
    </Form>,
  )
}

export function remove(page: PageRequest, { name }: StoredBackup): Response {
  const removed = page.var.parts.backups.remove(name)
  if (removed.ok) {
    note(page, 'remove', name)
    notify(page, 'The backup is removed.')
  } else notify(page, sentence(removed.failure.message), 'bad')
  return redirectTo(page, '/backups')
}

export function download(
  page: PageRequest,
  { name }: StoredBackup,
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

function note(page: PageRequest, action: 'add' | 'remove' | 'download', name: string): void {
  const { audit } = page.var.parts.services
  const { account } = requireSignedIn(page)
  audit.record({ action, kind: 'backup', id: name, name, accountId: account.id })
}
