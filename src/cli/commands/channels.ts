/** `latchkey channels list | explain` */
import { resolve } from 'node:path'
import { presentedKeys } from '../../api/live-routes.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { isServed } from '../../service/control/control-client.ts'
import {
  type Explanation,
  explain as explainAccess,
} from '../../service/explanations/access-explanation.ts'
import type { LiveChannel } from '../../service/live/live-views.ts'
import { readNamespaces } from '../../service/reservations/reservation-directory.ts'
import { askServer } from '../ask-server.ts'
import { type Command, type CommandContext, EXIT } from '../command.ts'
import { type Lines, table, timeText } from '../output.ts'
import { failed, withServices } from '../with-services.ts'

const list: Command = {
  name: 'channels list',
  summary: 'List the channels in use, of the commons and of apps, the fullest first',
  positionals: [],
  options: [],
  settings: 'data',
  run: async (context) => {
    const answer = await askServer<LiveChannel[]>(context, 'GET', '/v1/channels')
    if (!answer.ok) return failed(context, answer.failure)
    context.output.result(answer.value, listText(answer.value))
    return EXIT.done
  },
}

const explain: Command = {
  name: 'channels explain',
  summary: 'Say which rule decides who may join and send on a channel, and why',
  positionals: ['CHANNEL'],
  options: [
    { name: 'join-key', value: 'KEY', description: 'As if this join key were presented' },
    { name: 'send-key', value: 'KEY', description: 'As if this send key were presented' },
  ],
  settings: 'data',
  run: async (context) => {
    const answer = await ask(context)
    if (!answer.ok) return failed(context, answer.failure)
    context.output.result(answer.value, explanationText(answer.value))
    return EXIT.done
  },
}

/** A running server also knows the keys of the first joiner; without one, reservations alone decide. */
async function ask(context: CommandContext): Promise<Result<Explanation>> {
  const question = {
    channel: context.positionals[0]!,
    joinKey: context.options['join-key'],
    sendKey: context.options['send-key'],
  }
  if (question.channel === '') return fail('invalid', 'a channel has a name')
  if (await isServed(resolve(context.config.data)))
    return askServer<Explanation>(context, 'POST', '/v1/channels/explain', question)
  let explanation: Explanation | undefined
  await withServices(context, ({ store, keyring }) => {
    const match = readNamespaces(store).match(question.channel)
    const facts = { match, ephemeral: undefined }
    const keys = presentedKeys(keyring, question)
    explanation = {
      ...explainAccess(question.channel, keys, facts, context.config),
      live: false,
    }
    return EXIT.done
  })
  return ok(explanation!)
}

function explanationText(answer: Explanation): Lines {
  const by = answer.namespace === undefined ? '' : `, the reservation ${answer.namespace}`
  const over = answer.overrides === undefined ? '' : ` instead of ${answer.overrides}`
  return [
    `Channel  ${answer.channel}`,
    `Rule     ${answer.rule}${by}${over}`,
    `Join     ${answer.join ? 'yes' : 'no'}`,
    `Send     ${answer.send ? 'yes' : 'no'}`,
    `Because  ${answer.detail}`,
    ...(answer.live
      ? []
      : ['No server runs on this data folder: keys of first joiners are not known.']),
  ]
}

function listText(channels: readonly LiveChannel[]): Lines {
  if (channels.length === 0) return 'Nobody is on any channel.'
  return table(
    ['Channel', 'App', 'Members', 'Messages/s', 'Rule', 'Reservation', 'Keys', 'Since (UTC)'],
    channels.map((channel) => [
      channel.name,
      channel.appId ?? '-',
      String(channel.members),
      channel.rate.toFixed(1),
      channel.rule,
      channel.namespace ?? '-',
      keysText(channel),
      timeText(channel.since),
    ]),
  )
}

function keysText({ hasJoinKey, hasSendKey }: LiveChannel): string {
  const kinds = [hasJoinKey ? 'join' : '', hasSendKey ? 'send' : ''].filter((kind) => kind !== '')
  return kinds.length === 0 ? '-' : kinds.join(', ')
}

export const channelCommands: readonly Command[] = [list, explain]
