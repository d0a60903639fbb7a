/** The status of one channel, and the list of channels (RSL8, CHD2). */
import { CHANNEL_NAMES, OCCUPANCY } from '../../../cluster/app-channels.ts'
import type { Handlers } from '../../../cluster/handlers.ts'
import { firstOf } from '../../../core/first-of.ts'
import { NOBODY } from '../../../core/channel/occupancy.ts'
import type { Soon } from '../../../core/soon.ts'
import { type Occupancy, channelRef } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import type { RestAnswer } from '../http/answer.ts'
import { authorize } from '../http/authorize.ts'
import { type ChannelParts, identifyOnChannel } from '../http/channel/channel-caller.ts'
import { listAnswer, readCursor } from '../http/lists.ts'
import { readLimit } from '../http/paging.ts'
import { NEW_BATCH_SHAPES, type RestCall, type RestRoute } from '../http/router.ts'

export function statusRoutes(parts: ChannelParts): RestRoute[] {
  return [
    { method: 'GET', path: '/channels/:channel', handle: (call) => getStatus(parts, call) },
    { method: 'GET', path: '/channels', handle: (call) => getChannels(parts, call) },
  ]
}

/** Lets this node answer about its channels of apps. */
export function answerAboutChannels(
  handlers: Handlers,
  { registry, turns }: Pick<ChannelParts, 'registry' | 'turns'>,
): void {
  handlers.answer(OCCUPANCY, ({ names, realm }) =>
    names.map((name) => registry.channel(channelRef(realm, name))?.occupancy ?? null),
  )
  handlers.answer(CHANNEL_NAMES, ({ after, count, prefix, realm }) => {
    const channels = registry.channels(realm)
    const find = () => firstOf(namesAfter(channels.keys(), prefix, after), inOrder, count).items
    return turns.once(find, () => channels.size * NAME_COST)
  })
}

/**
 * Every channel has a status: at Ably, the request itself activates the channel (RSL8). Here it does not, which a
 * client cannot tell.
 */
async function getStatus(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyOnChannel(parts, call, 'channel-metadata')
  if (!caller.ok) return caller
  const { name, realm } = caller.value.channel
  const [occupancy] = await parts.appChannels.occupancy({ realm, names: [name] })
  return ok({ status: 200, value: detailsOf(name, occupancy) })
}

/** @param metrics left out for a channel that is closed by now */
function detailsOf(name: string, metrics: Occupancy = NOBODY) {
  return { channelId: name, name, status: { isActive: true, occupancy: { metrics } } }
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
  const { appId } = principal.value
  const names = await firstNames(parts, call, appId, {
    after: after.value ?? '',
    count: limit.value + 1,
  })
  const items = names.slice(0, limit.value)
  const next = names.length > limit.value ? items.at(-1) : undefined
  if (by === 'id') return ok(listAnswer('channels', call, { items, next }, (name) => name))
  const found = await parts.appChannels.occupancy({ realm: appId, names: items })
  const detailed = items.map((name, place) => ({ name, metrics: found[place] }))
  return ok(
    listAnswer('channels', call, { items: detailed, next }, ({ metrics, name }) =>
      detailsOf(name, metrics),
    ),
  )
}

/** Channel names that are read for the price of one request. */
const NAMES_PER_REQUEST = 100
/** The work of reading one name, in the unit of `FairTurns`. */
const NAME_COST = 8

/** Finds the first names in order. All channels of the app are read, as charged work that is shared fairly. */
function firstNames(
  { appChannels, registry }: ChannelParts,
  { allowance, query }: RestCall,
  realm: string,
  page: { readonly after: string; readonly count: number },
): Soon<readonly string[]> {
  allowance?.spend(Math.floor(registry.channels(realm).size / NAMES_PER_REQUEST))
  return appChannels.names({ ...page, realm, prefix: query.get('prefix') ?? '' })
}

/** Names of a page; meta channels are left out. */
function* namesAfter(names: Iterable<string>, prefix: string, after: string): Iterable<string> {
  for (const name of names)
    if (name > after && name.startsWith(prefix) && !name.startsWith('[')) yield name
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
