/** `latchkey apps list | show | add | set | remove` */
import { appView } from '../../api/app-shapes.ts'
import { type Result, fail, ok } from '../../failure.ts'
import type { App, AppChange } from '../../service/apps/apps.ts'
import type { Services } from '../../service/services.ts'
import { LIMIT_OPTIONS, limitLines, limitsText, readLimits } from '../app-limits.ts'
import { type Command, type CommandContext, EXIT, type OptionSpec } from '../command.ts'
import { type Lines, table, timeText } from '../output.ts'
import { ACCOUNT_OPTION, actingAccount, failed, withServices } from '../with-services.ts'

const TLS_OPTION: OptionSpec = {
  name: 'tls-only',
  value: undefined,
  description: 'Refuse clients that connect without TLS',
}

const list: Command = {
  name: 'apps list',
  summary: 'List apps',
  positionals: [],
  options: [{ ...ACCOUNT_OPTION, description: 'Only those of this account' }],
  settings: 'data',
  run: (context) =>
    withServices(context, (services) => {
      const named = context.options['account']
      const account = named === undefined ? undefined : services.accounts.find(named)
      if (account && !account.ok) return failed(context, account.failure)
      const found = services.apps.list(account?.value)
      context.output.result(found.map(describe), listText(found, services))
      return EXIT.done
    }),
}

const show: Command = {
  name: 'apps show',
  summary: 'Show an app with its limits',
  positionals: ['[APP]'],
  options: [],
  settings: 'data',
  run: (context) =>
    withApp(context, context.positionals[0], ({ accounts, apiKeys }, app) => {
      const account = accounts.list().find(({ id }) => id === app.accountId)
      const keys = apiKeys.list(app).filter(({ status }) => status === 'enabled').length
      const lines = [
        ['Name', app.name],
        ['Default', app.isDefault ? 'yes' : '-'],
        ['Status', app.status],
        ['TLS only', app.tlsOnly ? 'yes' : '-'],
        ['Keys', String(keys)],
        ['Account', account?.name ?? app.accountId],
        ['Since (UTC)', timeText(app.createdAt)],
        ...limitLines(app),
      ]
      context.output.result(describe(app), table(['Id', app.id], lines))
      return EXIT.done
    }),
}

const add: Command = {
  name: 'apps add',
  summary: 'Add an app, to which API keys and channel rules belong',
  positionals: ['NAME'],
  options: [TLS_OPTION, ...LIMIT_OPTIONS, ACCOUNT_OPTION],
  settings: 'data',
  begins: true,
  run: (context) =>
    withServices(context, async (services) => {
      const account = actingAccount(context, services)
      if (!account.ok) return failed(context, account.failure)
      const change = readChange(context.options)
      if (!change.ok) return failed(context, change.failure)
      const name = context.positionals[0]!
      const wish = { ...change.value, name }
      const added = await services.ledger.commit(() => services.apps.add(account.value, wish))
      if (!added.ok) return failed(context, added.failure)
      const { id } = added.value
      context.output.result(
        describe(added.value),
        `Added ${name} (${id}). Make a key for it with: latchkey keys add --app ${id}`,
      )
      return EXIT.done
    }),
}

const set: Command = {
  name: 'apps set',
  summary: 'Rename, enable, disable or limit an app; applies at once',
  positionals: ['APP'],
  options: [
    { name: 'name', value: 'NAME', description: 'Its new name' },
    { name: 'status', value: 'enabled|disabled', description: 'A disabled app lets nobody in' },
    TLS_OPTION,
    ...LIMIT_OPTIONS,
  ],
  settings: 'data',
  run: (context) =>
    withApp(context, context.positionals[0], async ({ apps, ledger }, app) => {
      const change = readChange(context.options)
      const changed = change.ok ? await ledger.commit(() => apps.set(app.id, change.value)) : change
      if (!changed.ok) return failed(context, changed.failure)
      const { name, id, status, tlsOnly } = changed.value
      const limits = limitsText(changed.value)
      context.output.result(
        describe(changed.value),
        `${name} (${id}) is ${status}${tlsOnly ? ', for TLS only' : ''}.` +
          (limits === '-' ? '' : ` Its limits: ${limits}.`),
      )
      return EXIT.done
    }),
}

const remove: Command = {
  name: 'apps remove',
  summary: 'Remove an app with its keys and rules; its clients are disconnected',
  positionals: ['APP'],
  options: [],
  settings: 'data',
  run: (context) =>
    withApp(context, context.positionals[0], async ({ apps, ledger }, app) => {
      const removed = await ledger.commit(() => apps.remove(app.id))
      if (!removed.ok) return failed(context, removed.failure)
      context.output.result(describe(app), `Removed ${app.name} (${app.id}).`)
      return EXIT.done
    }),
}

/** Runs an action with the app of an id or name, or with the default app. */
export function withApp(
  context: CommandContext,
  idOrName: string | undefined,
  action: (services: Services, app: App) => number | Promise<number>,
): Promise<number> {
  return withServices(context, (services) => {
    const app = services.apps.find(idOrName)
    return app.ok ? action(services, app.value) : failed(context, app.failure)
  })
}

export const APP_OPTION: OptionSpec = {
  name: 'app',
  value: 'APP',
  description: 'App, by id or name (default: the default app)',
}

function readChange(options: Readonly<Record<string, string>>): Result<AppChange> {
  const { name, status } = options
  const limits = readLimits(options)
  if (!limits.ok) return limits
  if (status !== undefined && status !== 'enabled' && status !== 'disabled') {
    return fail('invalid', '--status must be enabled or disabled')
  }
  return ok({
    ...(name !== undefined && { name }),
    ...(status !== undefined && { status }),
    ...(options['tls-only'] !== undefined && { tlsOnly: options['tls-only'] === 'true' }),
    ...limits.value,
  })
}

function describe(app: App) {
  return { ...appView(app), default: app.isDefault, expires: app.expiresAt }
}

function listText(found: readonly App[], { accounts, apiKeys }: Services): Lines {
  const names = new Map(accounts.list().map(({ id, name }) => [id, name]))
  const enabled = (app: App) =>
    apiKeys.list(app).filter(({ status }) => status === 'enabled').length
  return table(
    ['Id', 'Name', 'Default', 'Status', 'TLS only', 'Limits', 'Keys', 'Account', 'Since (UTC)'],
    found.map((app) => [
      app.id,
      app.name,
      app.isDefault ? 'yes' : '-',
      app.status,
      app.tlsOnly ? 'yes' : '-',
      limitsText(app),
      String(enabled(app)),
      names.get(app.accountId) ?? app.accountId,
      timeText(app.createdAt),
    ]),
  )
}

export const appCommands: readonly Command[] = [list, show, add, set, remove]
