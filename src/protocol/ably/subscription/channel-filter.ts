/** The qualifier of a channel name: filters, and kinds of channels that are not supported. */
import { type Result, fail, ok } from '../../../failure.ts'
import { type MessageFilter, compileFilter } from '../../../policy/message-filter.ts'
import type { QualifiedName } from '../wire/channel-name.ts'

/** The compiled filter of a qualified name; undefined for a name without one. */
export function filterOfKind({
  filter,
  qualifier,
}: QualifiedName): Result<MessageFilter | undefined> {
  if (qualifier === 'queue') return fail('bad_channel', 'queues are not channels here')
  return filter === undefined
    ? ok(undefined)
    : compileFilter(Buffer.from(filter).toString('base64'))
}
