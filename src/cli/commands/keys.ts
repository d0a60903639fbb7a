/** `latchkey keys list | add | set | rotate | retire | revoke | explain` */
import { capabilityView } from '../../api/app-shapes.ts'
import type { Result } from '../../failure.ts'
import type { ApiKey, WholeKey } from '../../service/apps/api-keys.ts'
import {
  type KeyExplanation,
  explainKey,
  lineText,
} from '../../service/explanations/key-explanation.ts'
import type { Services } from '../../service/services.ts'
import { APP_OPTION, withApp } from './apps.ts'
import { shellWord } from '../../text/shell.ts'
import { type Command, type CommandContext, EXIT } from '../command.ts'
import { type FoundKey, KEY_OPTIONS, readKeyChange, withKey } from '../key-options.ts'
import { type Lines, table, timeText } from '../output.ts'
import { failed } from '../with-services.ts'

const list: Command = {
  name: 'keys list',
  summary: 'List the API keys of an app, without their secrets',
  positionals: [],
  options: [APP_OPTION],
  settings: 'data',
  run: (context) =>
    withApp(context, context.options['app'], ({ apiKeys }, app) => {
      const found = apiKeys.list(app)
      const none = `${app.name} has no keys. Make one with: latchkey keys add --app ${app.id}`
      context.output.result(found.map(describe), found.length === 0 ? none : listText(found))
      return EXIT.done
    }),
}

const add: Command = {
  name: 'keys add',
  summary: 'Make an API key; its secret is shown only once',
  positionals: [],
  options: [...KEY_OPTIONS, APP_OPTION],
  settings: 'data',
  begins: true,
  run: (context) =>
    withApp(context, context.options['app'], async ({ apiKeys, ledger }, app) => {
      const wish = readKeyChange(context.options)
      const made = wish.ok ? await ledger.commit(() => apiKeys.add(app, wish.value)) : wish
      if (!made.ok) return failed(context, made.failure)
      return showWhole(context, made.value, `API key of ${app.name}, shown only this once:`)
    }),
}

const set: Command = {
  name: 'keys set',
  summary: 'Change what an API key permits; applies at once, also to open connections',
  positionals: ['KEY'],
  options: [...KEY_OPTIONS, APP_OPTION],
  settings: 'data',
  run: (context) =>
    change(
      context,
      ({ apiKeys }, { app, key }) => {
        const wish = readKeyChange(context.options)
        return wish.ok ? apiKeys.set(app, key.id, wish.value) : wish
      },
      (key) => `${key.keyName} now permits ${key.capability}.`,
    ),
}

const rotate: Command = {
  name: 'keys rotate',
  summary: 'Give an API key a new secret; the one before stays valid until it is retired',
  positionals: ['KEY'],
  options: [APP_OPTION],
  settings: 'data',
  run: (context) =>
    withKey(context, async ({ apiKeys, ledger }, { app, key }) => {
      const rotated = await ledger.commit(() => apiKeys.rotate(app, key.id))
      if (!rotated.ok) return failed(context, rotated.failure)
      return showWhole(
        context,
        rotated.value,
        'The key with its new secret, shown only this once:',
        `The old secret is valid until: latchkey keys retire ${key.keyName}`,
      )
    }),
}

const retire: Command = {
  name: 'keys retire',
  summary: 'Drop the secret that an API key had before its last rotation',
  positionals: ['KEY'],
  options: [APP_OPTION],
  settings: 'data',
  run: (context) =>
    change(
      context,
      ({ apiKeys }, { app, key }) => apiKeys.retire(app, key.id),
      (key) => `${key.keyName} has one secret; the old one is no longer valid.`,
    ),
}

const revoke: Command = {
  name: 'keys revoke',
  summary: 'End an API key for good, with its connections and the tokens made with it',
  positionals: ['KEY'],
  options: [APP_OPTION],
  settings: 'data',
  run: (context) =>
    change(
      context,
      ({ apiKeys }, { app, key }) => apiKeys.revoke(app, key.id),
      (key) => `${key.keyName} is revoked.`,
    ),
}

const explain: Command = {
  name: 'keys explain',
  summary: 'Say whether an API key permits something, which capability line decides, and why',
  positionals: ['KEY'],
  options: [
    { name: 'channel', value: 'CHANNEL', description: 'The channel (default: *)' },
    { name: 'operation', value: 'OPERATION', description: 'Such as publish (default: subscribe)' },
    APP_OPTION,
  ],
  settings: 'data',
  run: (context) =>
    withKey(context, ({ apiKeys, channelRules }, { app, key, secret }) => {
      const { channel = '*', operation = 'subscribe' } = context.options
      const answer = explainKey(app, key, channelRules.list(app), {
        channel,
        operation,
        secret: secret === undefined ? undefined : apiKeys.secretStatus(key, secret),
      })
      if (!answer.ok) return failed(context, answer.failure)
      context.output.result(answer.value, explanationText(answer.value))
      return EXIT.done
    }),
}

function change(
  context: CommandContext,
  act: (services: Services, found: FoundKey) => Result<ApiKey>,
  text: (key: ApiKey) => string,
): Promise<number> {
  return withKey(context, async (services, found) => {
    const changed = await services.ledger.commit(() => act(services, found))
    if (!changed.ok) return failed(context, changed.failure)
    context.output.result(describe(changed.value), text(changed.value))
    return EXIT.done
  })
}

function showWhole(
  { output }: CommandContext,
  { key, whole }: WholeKey,
  title: string,
  ...more: readonly string[]
): number {
  const permits = `It permits ${key.capability}.`
  output.result({ ...describe(key), key: whole }, [`${title} ${whole}`, permits, ...more])
  return EXIT.done
}

function describe(key: ApiKey) {
  return {
    appId: key.appId,
    id: key.id,
    keyName: key.keyName,
    name: key.name,
    status: key.status,
    capability: capabilityView(key),
    revocableTokens: key.revocableTokens,
    created: key.createdAt,
    modified: key.updatedAt,
    revoked: key.revokedAt,
    lastUsed: key.lastUsedAt,
    oldSecret: key.hasOldSecret ? { lastUsed: key.oldLastUsedAt } : null,
  }
}

function listText(found: readonly ApiKey[]): Lines {
  const moment = (time: number | null) => (time === null ? 'never' : timeText(time))
  return table(
    ['Key', 'Name', 'Status', 'Made (UTC)', 'Last used', 'Old secret used', 'Permits'],
    found.map((key) => [
      key.keyName,
      key.name === '' ? '-' : key.name,
      key.status,
      timeText(key.createdAt),
      moment(key.lastUsedAt),
      key.hasOldSecret ? moment(key.oldLastUsedAt) : '-',
      key.capability + (key.revocableTokens ? ', revocable tokens' : ''),
    ]),
  )
}

function explanationText(answer: KeyExplanation): Lines {
  return [
    `Key        ${answer.key}`,
    `Channel    ${answer.channel}`,
    `Operation  ${answer.operation}`,
    `Permitted  ${answer.permitted ? 'yes' : 'no'}`,
    `Because    ${answer.because}`,
    ...answer.notes.map((note) => `Note       ${note}`),
    ...changeText(answer),
  ]
}

function changeText({ key, change: needed }: KeyExplanation): string[] {
  if (!needed) return []
  return [
    `Change     the line ${lineText(needed.line)} would allow it:`,
    `           latchkey keys set ${key} --capability ${shellWord(needed.capability)}`,
  ]
}

export const keyCommands: readonly Command[] = [list, add, set, rotate, retire, revoke, explain]
