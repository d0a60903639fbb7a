/** `latchkey rules list | add | set | remove` */
import { namespaceView } from '../../api/app-shapes.ts'
import { type Result, fail, ok } from '../../failure.ts'
import type { ChannelRuleChange, StoredRule } from '../../service/apps/channel-rules.ts'
import { APP_OPTION, withApp } from './apps.ts'
import { type Command, type CommandContext, EXIT, type OptionSpec } from '../command.ts'
import { type Lines, table } from '../output.ts'
import { failed } from '../with-services.ts'

const SWITCHES = {
  authenticated: ['authenticated', 'Only clients with a client id'],
  persisted: ['persisted', 'Keep messages on disk'],
  persistLast: ['persist-last', 'Keep the last message of each channel for a year'],
  pushEnabled: ['push-enabled', 'Messages may carry push notifications'],
  tlsOnly: ['tls-only', 'Only clients that connect with TLS'],
  mutableMessages: ['mutable-messages', 'Messages can be updated, deleted and annotated'],
  exposeTimeserial: ['expose-timeserial', 'Messages show their time serial'],
  populateChannelRegistry: ['populate-channel-registry', 'List the channels in the registry'],
  batchingEnabled: ['batching-enabled', 'Deliver messages in batches'],
  conflationEnabled: ['conflation-enabled', 'Deliver only the last of messages with the same key'],
} as const

const INTERVALS = {
  batchingInterval: 'batching-interval',
  conflationInterval: 'conflation-interval',
} as const

const RULE_OPTIONS: readonly OptionSpec[] = [
  ...Object.values(SWITCHES).map(([name, description]) => ({
    name,
    value: undefined,
    description,
  })),
  ...Object.values(INTERVALS).map((name) => ({
    name,
    value: 'MS|default',
    description: 'Milliseconds between deliveries',
  })),
  { name: 'conflation-key', value: 'KEY|default', description: 'Such as #{message.name}' },
  APP_OPTION,
]

const list: Command = {
  name: 'rules list',
  summary: 'List the channel rules of an app',
  positionals: [],
  options: [APP_OPTION],
  settings: 'data',
  run: (context) =>
    withApp(context, context.options['app'], ({ channelRules }, app) => {
      const found = channelRules.list(app)
      const text = found.length === 0 ? `${app.name} has no channel rules.` : listText(found)
      context.output.result(found.map(namespaceView), text)
      return EXIT.done
    }),
}

const add: Command = {
  name: 'rules add',
  summary: 'Add a rule for the channels whose name begins with a segment, such as chat',
  positionals: ['SEGMENT'],
  options: RULE_OPTIONS,
  settings: 'data',
  begins: true,
  run: (context) =>
    withApp(context, context.options['app'], async ({ channelRules, ledger }, app) => {
      const settings = readSettings(context.options)
      const id = context.positionals[0]!
      const added = settings.ok
        ? await ledger.commit(() => channelRules.add(app, id, settings.value))
        : settings
      return show(context, added)
    }),
}

const set: Command = {
  name: 'rules set',
  summary: 'Change a channel rule; applies at once',
  positionals: ['SEGMENT'],
  options: RULE_OPTIONS,
  settings: 'data',
  run: (context) =>
    withApp(context, context.options['app'], async ({ channelRules, ledger }, app) => {
      const settings = readSettings(context.options)
      const id = context.positionals[0]!
      const changed = settings.ok
        ? await ledger.commit(() => channelRules.set(app, id, settings.value))
        : settings
      return show(context, changed)
    }),
}

const remove: Command = {
  name: 'rules remove',
  summary: 'Remove a channel rule',
  positionals: ['SEGMENT'],
  options: [APP_OPTION],
  settings: 'data',
  run: (context) =>
    withApp(context, context.options['app'], async ({ channelRules, ledger }, app) => {
      const removed = await ledger.commit(() => channelRules.remove(app, context.positionals[0]!))
      if (!removed.ok) return failed(context, removed.failure)
      const { id } = removed.value
      context.output.result(namespaceView(removed.value), `The rule ${id} is removed.`)
      return EXIT.done
    }),
}

/** Settings without an option stay unchanged; `--no-persisted` and the like switch off. */
function readSettings(options: Readonly<Record<string, string>>): Result<ChannelRuleChange> {
  const settings: Record<string, boolean | number | string | null> = {}
  for (const [member, [name]] of Object.entries(SWITCHES)) {
    if (options[name] !== undefined) settings[member] = options[name] === 'true'
  }
  for (const [member, name] of Object.entries(INTERVALS)) {
    const value = options[name]
    if (value === undefined) continue
    if (value !== 'default' && !/^\d+$/.test(value)) {
      return fail('invalid', `--${name} must be a number of milliseconds or default`)
    }
    settings[member] = value === 'default' ? null : Number(value)
  }
  const key = options['conflation-key']
  if (key !== undefined) settings['conflationKey'] = key === 'default' ? null : key
  return ok(settings)
}

function show(context: CommandContext, done: Result<StoredRule>): number {
  if (!done.ok) return failed(context, done.failure)
  const { id } = done.value
  context.output.result(
    namespaceView(done.value),
    `Channels ${id} and ${id}:* are ${settingsText(done.value)}.`,
  )
  return EXIT.done
}

function settingsText(rule: StoredRule): string {
  const on = Object.entries(SWITCHES)
    .filter(([member]) => rule[member as keyof typeof SWITCHES])
    .map(([, [name]]) => name)
  return on.length === 0 ? 'as usual' : on.join(', ')
}

function listText(found: readonly StoredRule[]): Lines {
  return table(
    ['Channels', 'Rule'],
    found.map((rule) => [`${rule.id}, ${rule.id}:*`, settingsText(rule)]),
  )
}

export const ruleCommands: readonly Command[] = [list, add, set, remove]
