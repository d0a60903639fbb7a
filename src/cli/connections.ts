/** `latchkey connections list | disconnect` */
import type { LiveConnection } from '../service/live.ts'
import { askServer } from './ask-server.ts'
import { type Command, EXIT } from './command.ts'
import { table, timeText } from './output.ts'
import { failed } from './with-services.ts'

const list: Command = {
  name: 'connections list',
  summary: 'List open connections',
  positionals: [],
  options: [{ name: 'channel', value: 'CHANNEL', description: 'Only those on this channel' }],
  settings: 'data',
  run: async (context) => {
    const { channel } = context.options
    const query = channel === undefined ? '' : `?channel=${encodeURIComponent(channel)}`
    const answer = await askServer<LiveConnection[]>(context, 'GET', `/v1/connections${query}`)
    if (!answer.ok) return failed(context, answer.failure)
    context.output.result(answer.value, listText(answer.value))
    return EXIT.done
  },
}

const disconnect: Command = {
  name: 'connections disconnect',
  summary: 'Disconnect one connection by its id, or everybody on a channel',
  positionals: ['[ID]'],
  options: [{ name: 'channel', value: 'CHANNEL', description: 'Everybody on this channel' }],
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
        ? `/v1/connections?channel=${encodeURIComponent(channel!)}`
        : `/v1/connections/${encodeURIComponent(id)}`
    const answer = await askServer<{ disconnected: number } | undefined>(context, 'DELETE', path)
    if (!answer.ok) return failed(context, answer.failure)
    const disconnected = answer.value?.disconnected ?? 1
    context.output.result({ disconnected }, `Disconnected ${disconnected}.`)
    return EXIT.done
  },
}

function listText(connections: readonly LiveConnection[]): string {
  if (connections.length === 0) return 'Nobody is connected.'
  return table(
    ['Id', 'Channel', 'Uid', 'Alias', 'Address', 'Sends', 'Rule', 'Since (UTC)'],
    connections.map((one) => [
      one.id,
      one.channel,
      one.uid,
      one.alias ?? '-',
      one.address,
      one.maySend ? 'yes' : 'no',
      one.rule,
      timeText(one.since),
    ]),
  )
}

export const connectionCommands: readonly Command[] = [list, disconnect]
