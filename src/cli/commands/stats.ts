/** `latchkey stats` */
import { type Result, fail, ok } from '../../failure.ts'
import type { Services } from '../../service/services.ts'
import { COMMONS_STATS, type StatsWish } from '../../service/stats/stats.ts'
import type { StatsRecord } from '../../stats/record.ts'
import { APP_OPTION, withApp } from './apps.ts'
import { type Command, type CommandContext, EXIT } from '../command.ts'
import { type Lines, table } from '../output.ts'
import { failed, withServices } from '../with-services.ts'

const DEFAULT_LIMIT = 10
const MAX_LIMIT = 1000

export const stats: Command = {
  name: 'stats',
  summary: 'Show what an app has used: messages, connections, channels, requests',
  positionals: [],
  options: [
    APP_OPTION,
    {
      name: 'commons',
      value: undefined,
      description: 'Of clients of itty-sockets, whose channels are of no app',
    },
    { name: 'unit', value: 'UNIT', description: 'minute (the default), hour, day or month' },
    { name: 'start', value: 'TIME', description: 'From here on: 2026-11-22:13 or milliseconds' },
    { name: 'end', value: 'TIME', description: 'Up to here (default: now)' },
    { name: 'limit', value: 'NUMBER', description: `How many (default: ${DEFAULT_LIMIT})` },
  ],
  settings: 'data',
  run: (context) => {
    const { app, commons } = context.options
    if (commons === undefined)
      return withApp(context, app, (services, found) => show(context, services, found.id))
    if (app === undefined)
      return withServices(context, (services) => show(context, services, COMMONS_STATS))
    context.output.complain('stats takes either --app or --commons')
    return Promise.resolve(EXIT.usage)
  },
}

function show(context: CommandContext, { stats: service }: Services, id: string): number {
  const wish = readWish(context.options)
  const records = wish.ok ? service.records([id], wish.value) : wish
  if (!records.ok) return failed(context, records.failure)
  context.output.result(records.value, statsText(records.value))
  return EXIT.done
}

function readWish(options: Readonly<Record<string, string>>): Result<StatsWish> {
  const { unit, start, end } = options
  const limit = Number(options['limit'] ?? DEFAULT_LIMIT)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    return fail('invalid', `--limit must be a number from 1 to ${MAX_LIMIT}`)
  return ok({ unit, start, end, limit, direction: 'backwards' })
}

/** A column: its heading, and the numbers that it adds up. */
const COLUMNS: readonly (readonly [head: string, ...names: string[]])[] = [
  ['Messages in', 'messages.inbound.all.all.count'],
  ['Messages out', 'messages.outbound.all.all.count'],
  ['Bytes', 'messages.all.all.data'],
  ['Connections', 'connections.all.peak'],
  ['Channels', 'channels.peak'],
  ['Requests', 'apiRequests.all.succeeded'],
  ['Refused', 'messages.all.all.refused', 'connections.all.refused', 'apiRequests.all.refused'],
]

function statsText(records: readonly StatsRecord[]): Lines {
  if (records.length === 0) return 'Nothing was counted in this time.'
  return table(
    ['Interval (UTC)', ...COLUMNS.map(([head]) => head)],
    records.map(({ intervalId, inProgress, entries }) => [
      inProgress === undefined ? intervalId : `${intervalId} so far`,
      ...COLUMNS.map(([, ...names]) =>
        String(names.reduce((sum, name) => sum + (entries[name] ?? 0), 0)),
      ),
    ]),
  )
}
