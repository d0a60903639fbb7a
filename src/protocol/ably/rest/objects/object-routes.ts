/** Live objects over requests: reading them as trees, and operations on them. */
import type { Objects } from '../../../../core/propose/objects.ts'
import type { IdSource } from '../../../../core/id-source.ts'
import type { ChannelObjects } from '../../../../core/objects/channel-objects.ts'
import { draftsBytes } from '../../../../core/objects/object-size.ts'
import { type Found, EVERY_KEY, follow, segmentsOf } from '../../../../core/objects/paths.ts'
import { unmatched } from '../../../../core/objects/wishes.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import type { RestAnswer } from '../../http/answer.ts'
import { type Answering, bodyThenIdentify } from '../../http/body-then-identify.ts'
import {
  type ChannelCaller,
  type ChannelParts,
  bodyLimit,
  identifyOnChannel,
} from '../../http/channel/channel-caller.ts'
import { lossOf } from '../../http/channel/publish.ts'
import type { RestCall, RestRoute } from '../../http/router.ts'
import { hasExactNumbers } from '../../wire/objects/exact-numbers.ts'
import { treeOf } from '../../wire/objects/object-tree.ts'
import { readWishes } from './wish-reader.ts'

export interface ObjectRouteParts extends ChannelParts {
  readonly objects: Objects
  readonly ids: IdSource
  readonly now: () => number
}

const NONCE_LENGTH = 16
const NO_CONNECTION = { connectionId: undefined, id: undefined }

export function objectRoutes(parts: ObjectRouteParts): RestRoute[] {
  const publishing = (path: string): RestRoute => ({
    method: 'POST',
    path,
    maxBodyBytes: bodyLimit(parts),
    handle: (call) => postOperations(parts, call),
  })
  const reading = (path: string): RestRoute => ({
    method: 'GET',
    path,
    handle: (call) => getTree(parts, call),
  })
  return [
    publishing('/channels/:channel/object'),
    publishing('/channels/:channel/objects'),
    reading('/channels/:channel/object'),
    reading('/channels/:channel/object/:object'),
    // How objects were listed before there were paths, which no SDK does any more.
    { method: 'GET', path: '/channels/:channel/objects', handle: () => LISTS_UNSUPPORTED },
  ]
}

const LISTS_UNSUPPORTED = fail<never>(
  'objects_unsupported',
  'objects are read at the path /object, as a tree',
)

function postOperations(parts: ObjectRouteParts, call: RestCall): Answering {
  return bodyThenIdentify(
    () => identifyOnChannel(parts, call, 'object-publish'),
    () => call.body(),
    async (caller, body) => {
      if (body.text !== undefined && !hasExactNumbers(body.text))
        return fail('data_invalid', 'a number is no double')
      const read = readWishes(body.value, {
        limits: parts.limits,
        nonce: () => parts.ids.next(NONCE_LENGTH),
        now: parts.now(),
      })
      if (!read.ok) return read
      const counts = parts.counters.of(caller.channel.realm).inbound.rest.messages
      const done = await parts.acts.wishObjects(caller.principal, caller, read.value, NO_CONNECTION)
      if (!done.ok) {
        counts.refused += read.value.length
        return done
      }
      const { expanded, receipt } = done.value
      counts.count += expanded.drafts.length
      counts.data += draftsBytes(expanded.drafts)
      const loss = receipt.kept && (await lossOf(receipt.kept))
      if (loss) return { ok: false, failure: loss }
      const { objectIds } = expanded
      const value = { messageId: `${receipt.id}:0`, channel: caller.channel.name, objectIds }
      return ok({ status: 201, value })
    },
  )
}

async function getTree(parts: ObjectRouteParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyOnChannel(parts, call)
  if (!caller.ok) return caller
  const objects = readable(parts, caller.value)
  if (!objects.ok) return objects
  const found = foundBy(objects.value, call)
  if (!found.ok) return found
  const compact = call.query.get('compact') !== 'false'
  const tree = treeOf(objects.value, found.value, { compact, format: call.format })
  return tree.ok ? ok({ status: 200, value: tree.value }) : tree
}

function readable(
  { acts, objects }: ObjectRouteParts,
  caller: ChannelCaller,
): Result<ChannelObjects> {
  const refusal = acts.gate.readObjects(caller.principal, caller)
  return refusal ? { ok: false, failure: refusal } : objects.read(caller.channel)
}

/** The object that the path of the request names, or the root; then what the query leads to from there. */
function foundBy(objects: ChannelObjects, { params, query }: RestCall): Result<Found> {
  const { object: id } = params
  const from = id === undefined ? objects.root : objects.get(id)
  const what = 'unable to fetch objects tree for'
  if (!from) return fail('object_unknown', `${what} not found object: ${id}`)
  if (from.isDeleted) return fail('object_gone', `${what} tombstone object: ${id}`)
  const path = query.get('path') ?? ''
  const segments = segmentsOf(path)
  if (segments.includes(EVERY_KEY))
    return fail('object_path_unfit', 'path not processable: one tree is read at a time')
  const [found] = follow(objects, segments, from)
  return found ? ok(found) : { ok: false, failure: unmatched(path) }
}
