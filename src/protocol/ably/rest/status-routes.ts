/** How channels stand: one of them, or which there are (RSL8, CHD2). */
import type { AppChannel } from '../../../core/app-channel.ts'
import { firstOf } from '../../../core/first-of.ts'
import { NOBODY } from '../../../core/occupancy.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import type { RestAnswer } from './answer.ts'
import { authorize } from './authorize.ts'
import { type ChannelParts, visit } from './channel-call.ts'
import { listAnswer, readCursor } from './lists.ts'
import { readLimit } from './paging.ts'
import { NEW_BATCH_SHAPES, type RestCall, type RestRoute } from './routes.ts'

export function statusRoutes(parts: ChannelParts): RestRoute[] {
  return [
    { method: 'GET', path: '/channels/:channel', handle: (call) => getStatus(parts, call) },
    { method: 'GET', path: '/channels', handle: (call) => getChannels(parts, call) },
  ]
}

/**
 * There is always an answer: with Ably, asking about a channel activates it (RSL8). Here it makes none; whoever asks
 * cannot tell that apart.
 */
async function getStatus(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const visitor = await visit(parts, call, 'channel-metadata')
  if (!visitor.ok) return visitor
  const { channel } = visitor.value
  const occupancy = parts.broker.channel(channel)?.occupancy ?? NOBODY
  return ok({ status: 200, value: details({ ref: channel, occupancy }) })
}

function details({ ref, occupancy }: Pick<AppChannel, 'ref' | 'occupancy'>) {
  const status = { isActive: true, occupancy: { metrics: occupancy } }
  return { channelId: ref.name, name: ref.name, status }
}

async function getChannels(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const principal = await authorize(parts, call, 'channel-metadata')
  if (!principal.ok) return principal
  const { query } = call
  const limit = readLimit(query)
  if (!limit.ok) return limit
  const after = readCursor(query)
  if (!after.ok) return fail('enumeration_stale')
  const by = query.get('by') ?? (call.version >= NEW_BATCH_SHAPES ? 'id' : 'value')
  if (by !== 'id' && by !== 'value') return fail('parameter_invalid', 'by is id or value')
  const channels = parts.broker.channels(principal.value.appId)
  const possible = namesAfter(channels.keys(), query.get('prefix') ?? '', after.value ?? '')
  const { items: names } = firstOf(possible, inOrder, limit.value + 1)
  const items = names.slice(0, limit.value)
  const next = names.length > limit.value ? items.at(-1) : undefined
  const toValue = (name: string) => (by === 'id' ? name : details(channels.get(name)!))
  return ok(listAnswer('channels', call, { items, next }, toValue))
}

/** Those that a page may have; channels about channels are not among them. */
function* namesAfter(names: Iterable<string>, prefix: string, after: string): Iterable<string> {
  for (const name of names)
    if (name > after && name.startsWith(prefix) && !name.startsWith('[')) yield name
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
