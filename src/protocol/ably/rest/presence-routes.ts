/** Presence over REST: members of one channel or of several, and presence history (RSP3, RSP4, RSC24). */
import type { Slice } from '../../../core/history/history.ts'
import { memberBytes, memberKey } from '../../../core/channel/presence-set.ts'
import type { PresenceMessage } from '../../../core/types.ts'
import { type Result, fail, failure, ok } from '../../../failure.ts'
import { LazyList, LazyObject } from '../wire/pieces.ts'
import { presenceValue } from '../wire/values.ts'
import type { RestAnswer } from '../http/answer.ts'
import { identify } from '../http/authorize.ts'
import { batchAnswer, failedPart } from './batch.ts'
import { countTraffic } from '../connection/traffic.ts'
import {
  type ChannelParts,
  callerOf,
  enterChannel,
  headOf,
  identifyOnChannel,
} from '../http/channel/channel-caller.ts'
import { channelNames } from '../http/channel-names.ts'
import { MAX_PAGE_BYTES, listAnswer, readCursor, readInTurn, readPage } from '../http/lists.ts'
import { readLimit } from '../http/paging.ts'
import type { RestCall, RestRoute } from '../http/router.ts'

const PRESENCE = '/channels/:channel/presence'

export function presenceRoutes(parts: ChannelParts): RestRoute[] {
  return [
    { method: 'GET', path: PRESENCE, handle: (call) => getPresence(parts, call) },
    { method: 'GET', path: `${PRESENCE}/history`, handle: (call) => getHistory(parts, call) },
    { method: 'GET', path: '/presence', handle: (call) => getPresenceOfMany(parts, call) },
  ]
}

async function getPresence(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyOnChannel(parts, call, 'subscribe')
  if (!caller.ok) return caller
  const limit = readLimit(call.query)
  if (!limit.ok) return limit
  const after = readCursor(call.query)
  if (!after.ok) return after
  const { channel } = caller.value
  const set = parts.registry.channel(channel)?.presence
  const connectionId = either(call.query, 'connectionId', 'connection_id')
  const clientId = either(call.query, 'clientId', 'client_id')
  const members = connectionId === null ? set?.members() : set?.ofConnection(connectionId)
  const wanted = [...(members ?? [])].filter(
    (member) => clientId === null || member.clientId === clientId,
  )
  const slice = pageOf(wanted, limit.value, after.value)
  countTraffic(parts.counters.of(channel.realm).outbound.rest.presence, slice.items)
  return ok(listAnswer('presence', call, slice, valueFor(call)))
}

/** A filter by one of two names; ably-ruby sends the second. */
function either(query: URLSearchParams, name: string, other: string): string | null {
  return query.get(name) ?? query.get(other)
}

/** In the order of member keys, because the order of entering may change between two pages. */
function pageOf(
  members: readonly PresenceMessage[],
  limit: number,
  after: string | undefined,
): Slice<PresenceMessage> {
  const keyed = members
    .map((member): [string, PresenceMessage] => [memberKey(member), member])
    .filter(([key]) => after === undefined || key > after)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const items: PresenceMessage[] = []
  let bytes = 0
  for (const [, member] of keyed) {
    const size = memberBytes(member)
    if (items.length === limit || (items.length > 0 && bytes + size > MAX_PAGE_BYTES)) break
    items.push(member)
    bytes += size
  }
  const isLast = items.length === keyed.length
  return { items, next: isLast ? undefined : memberKey(items.at(-1)!), bytes }
}

function valueFor({ format }: RestCall) {
  return (presence: PresenceMessage) => presenceValue(presence, format)
}

async function getHistory(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyOnChannel(parts, call, 'history')
  if (!caller.ok) return caller
  const page = readPage(call.query)
  if (!page.ok) return page
  const { histories, registry } = parts
  const { channel } = caller.value
  const history = histories.of(channel)
  const slice = await readInTurn(parts.turns, () => history.presence(channel, page.value))
  countTraffic(parts.counters.of(channel.realm).outbound.rest.presence, slice.items)
  return ok(
    listAnswer(
      'history',
      call,
      { ...slice, fixed: headOf(registry.channel(channel)) },
      valueFor(call),
    ),
  )
}

const MAX_CHANNELS = 100
/** Bytes of all members in this answer, which has no pages: as many as one channel may have. */
const MAX_ANSWER_BYTES = 16_777_216

/** Channels are authorized independently: a refusal of one does not affect the others. */
async function getPresenceOfMany(parts: ChannelParts, call: RestCall): Promise<Result<RestAnswer>> {
  const principal = await identify(parts.authenticator, call)
  if (!principal.ok) return principal
  const names = channelNames(call.query)
  if (names.length === 0) return fail('parameter_invalid', 'the parameter channels is missing')
  if (names.length > MAX_CHANNELS) return fail('too_many_batch_channels')
  const counts = parts.counters.of(principal.value.appId).outbound.rest.presence
  let bytes = 0
  const results = names.map((name) => {
    const named = callerOf(principal.value, call, name, 'subscribe')
    const caller = enterChannel(parts, named, 'subscribe')
    if (!caller.ok) return failedPart(name, caller.failure, call)
    const set = parts.registry.channel(caller.value.channel)?.presence
    const size = set?.bytes ?? 0
    // The size is known without reading members. It counts for each name, even if two mean the same channel.
    if (bytes + size > MAX_ANSWER_BYTES) return failedPart(name, failure('answer_too_large'), call)
    bytes += size
    const members = [...(set?.members() ?? [])]
    countTraffic(counts, members)
    return new LazyObject({ channel: name, presence: LazyList.of(members, valueFor(call)) })
  })
  return ok({ ...batchAnswer([{ results }], false, call, 200), bytes })
}
