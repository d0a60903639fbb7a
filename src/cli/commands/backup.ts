/** `latchkey backup create | verify | restore` */
import { resolve } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import {
  type BackupReport,
  createBackup,
  restoreBackup,
  verifyBackup,
} from '../../ops/backup/backup.ts'
import { isServed } from '../../service/control/control-client.ts'
import { type Command, type CommandContext, EXIT } from '../command.ts'
import { failed, withServices } from '../with-services.ts'

const create: Command = {
  name: 'backup create',
  summary: 'Write a backup of the databases to new files; the server may be running',
  positionals: ['FILE'],
  options: [
    {
      name: 'without-history',
      value: undefined,
      description: 'Leave out what channels remember, which may be large',
    },
  ],
  settings: 'data',
  run: (context) =>
    withServices(context, ({ store }) => {
      const file = resolve(context.positionals[0]!)
      const withHistory = context.options['without-history'] === undefined
      const folder = withHistory ? keySource(context).folder : undefined
      const created = createBackup(store, file, folder)
      if (!created.ok) return failed(context, created.failure)
      const checked = verifyBackup(file, keySource(context))
      if (!checked.ok) return failed(context, checked.failure)
      const reminder =
        'It needs the master key of this server to be of use: keep master.key in another safe place.'
      context.output.result(checked.value, [reportText(checked.value), reminder])
      return EXIT.done
    }),
}

const verify: Command = {
  name: 'backup verify',
  summary: 'Check that a backup is whole and that the master key opens it',
  positionals: ['FILE'],
  options: [],
  settings: 'data',
  run: (context) => {
    const checked = verifyBackup(resolve(context.positionals[0]!), keySource(context))
    if (!checked.ok) return Promise.resolve(failed(context, checked.failure))
    context.output.result(checked.value, reportText(checked.value))
    if (checked.value.masterKeyFits === false) {
      context.output.complain('the master key does not belong to this backup')
      return Promise.resolve(EXIT.failed)
    }
    return Promise.resolve(EXIT.done)
  },
}

const restore: Command = {
  name: 'backup restore',
  summary: 'Put a backup in the place of the databases; the server must be stopped',
  positionals: ['FILE'],
  options: [],
  settings: 'data',
  run: async (context) => {
    const keys = keySource(context)
    if (await isServed(keys.folder)) {
      context.output.complain(`a server is running on ${keys.folder}; stop it first`)
      return EXIT.failed
    }
    const restored = restoreBackup(resolve(context.positionals[0]!), keys, systemClock.now())
    if (!restored.ok) return failed(context, restored.failure)
    const kept = restored.value
    const text = kept.length === 0 ? '' : ` What was there is kept as ${kept.join(' and ')}.`
    context.output.result({ data: keys.folder, kept }, `Restored into ${keys.folder}.${text}`)
    return EXIT.done
  },
}

function keySource({ config }: CommandContext) {
  return { folder: resolve(config.data), masterKey: config.masterKey }
}

function reportText(report: BackupReport): string {
  const key =
    report.masterKeyFits === undefined
      ? 'no master key to try on it'
      : report.masterKeyFits
        ? 'the master key fits'
        : 'the master key does NOT fit'
  const { history } = report
  const remembered =
    history === undefined
      ? 'no history'
      : `history of ${history.channels} channels with ${history.entries} entries, ${history.bytes} bytes`
  return `${report.file} is whole: ${report.bytes} bytes, schema ${report.schema}, ${report.accounts} accounts, ${report.reservations} reservations, ${report.accessTokens} access tokens, ${report.apps} apps, ${report.apiKeys} API keys, ${remembered}; ${key}.`
}

export const backupCommands: readonly Command[] = [create, verify, restore]
