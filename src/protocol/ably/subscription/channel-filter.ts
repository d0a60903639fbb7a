/** Kinds of channels that clients name by what stands before the name. */
import { type Result, fail, ok } from '../../../failure.ts'
import { type MessageFilter, compileFilter } from '../../../policy/message-filter.ts'
import type { QualifiedName } from '../wire/channel-name.ts'

/** The filter of a kind of channel, if it has one, or what is wrong with it; ordinary ones are always right. */
export function filterOfKind({
  filter,
  qualifier,
}: QualifiedName): Result<MessageFilter | undefined> {
  if (qualifier === 'queue') return fail('bad_channel', 'queues are not channels here')
  return filter === undefined
    ? ok(undefined)
    : compileFilter(Buffer.from(filter).toString('base64'))
}
