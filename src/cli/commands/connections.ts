/** `latchkey connections list | disconnect` */
import type { CommonsConnection, LiveConnection } from '../../service/live/live-views.ts'
import { askServer } from '../ask-server.ts'
import { type Command, type CommandContext, EXIT } from '../command.ts'
import { type Lines, table, timeText } from '../output.ts'
import { failed } from '../with-services.ts'

const CHANNEL = { name: 'channel', value: 'CHANNEL', description: 'Only those on this channel' }
const APP = { name: 'app', value: 'APP', description: 'Only those of the app with this id' }

const list: Command = {
  name: 'connections list',
  summary: 'List open connections, of the commons and of apps, the newest first',
  positionals: [],
  options: [CHANNEL, APP],
  settings: 'data',
  run: async (context) => {
    const path = `/v1/connections${placeOf(context)}`
    const answer = await askServer<LiveConnection[]>(context, 'GET', path)
    if (!answer.ok) return failed(context, answer.failure)
    context.output.result(answer.value, listText(answer.value))
    return EXIT.done
  },
}

const disconnect: Command = {
  name: 'connections disconnect',
  summary: 'Disconnect one connection by its id, or everybody on a channel',
  positionals: ['[ID]'],
  options: [
    { ...CHANNEL, description: 'Everybody on this channel' },
    { ...APP, description: 'The channel is one of the app with this id' },
  ],
  settings: 'data',
  run: async (context) => {
    const id = context.positionals[0]
    const { channel } = context.options
    if ((id === undefined) === (channel === undefined)) {
      context.output.complain('connections disconnect needs either an ID or --channel')
      return EXIT.usage
    }
    const path =
      id === undefined
        ? `/v1/connections${placeOf(context)}`
        : `/v1/connections/${encodeURIComponent(id)}`
    const answer = await askServer<{ disconnected: number } | undefined>(context, 'DELETE', path)
    if (!answer.ok) return failed(context, answer.failure)
    const disconnected = answer.value?.disconnected ?? 1
    context.output.result({ disconnected }, `Disconnected ${disconnected}.`)
    return EXIT.done
  },
}

function placeOf({ options: { channel, app } }: CommandContext): string {
  const query = new URLSearchParams({
    ...(channel !== undefined && { channel }),
    ...(app !== undefined && { app }),
  })
  return query.size === 0 ? '' : `?${query}`
}

function listText(connections: readonly LiveConnection[]): Lines {
  if (connections.length === 0) return 'Nobody is connected.'
  return table(
    ['Id', 'Protocol', 'Client', 'Channels', 'Key or rule', 'Address', 'Since (UTC)'],
    connections.map((one) => [
      one.id,
      one.protocol,
      ...(one.protocol === 'itty'
        ? [withUid(one), one.channel, one.maySend ? one.rule : `${one.rule}, listens only`]
        : [one.clientId ?? '-', one.channels.join(', ') || '-', one.key]),
      one.address ?? 'away',
      timeText(one.since),
    ]),
  )
}

/** Aliases on the commons are chosen freely, so the uid is shown to tell members apart. */
function withUid({ alias, uid }: CommonsConnection): string {
  return alias === undefined ? uid : `${alias} (${uid})`
}

export const connectionCommands: readonly Command[] = [list, disconnect]
