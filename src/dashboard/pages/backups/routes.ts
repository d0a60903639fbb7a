/** Every address of the page of backups, which is for owners of the server's own account. */
import { type Handler, Hono } from 'hono'
import { failure } from '../../../failure.ts'
import type { StoredBackup } from '../../../ops/backup/backup-folder.ts'
import { mayGovernServer } from '../../access.ts'
import type { Env, PageRequest } from '../../page-request.ts'
import { showFailure } from '../failures.tsx'
import { askToRemove, check, create, download, remove } from './actions.tsx'
import { showBackups } from './page.tsx'

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
  answer: (page: PageRequest, backup: StoredBackup) => Response | Promise<Response>,
): Handler<Env> {
  return (page) => {
    const found = page.var.parts.backups.find(page.req.param('name') ?? '')
    return found ? answer(page, found) : showFailure(page, failure('backup_unknown'))
  }
}
