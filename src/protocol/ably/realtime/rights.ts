/** What a capability permits on a channel, as modes of an attachment. */
import { type Result, fail, ok } from '../../../failure.ts'
import {
  type Operation,
  type OperationSet,
  permits,
} from '../../../policy/capability/operations.ts'
import { type MessageFilter, compileFilter } from '../../../policy/message-filter.ts'
import type { QualifiedName } from '../wire/channel-name.ts'
import { MODE, type Modes } from '../../../core/modes.ts'

const MODES: readonly (readonly [mode: Modes, operations: readonly Operation[]])[] = [
  [MODE.presence, ['presence']],
  [MODE.publish, ['publish']],
  [MODE.subscribe, ['subscribe']],
  [MODE.presenceSubscribe, ['subscribe']],
  [MODE.annotationPublish, ['annotation-publish']],
  [MODE.annotationSubscribe, ['annotation-subscribe']],
  [MODE.objectSubscribe, ['object-subscribe', 'subscribe']],
  [MODE.objectPublish, ['object-publish']],
]

/** The modes that a set of operations permits; none for somebody who has no business on the channel. */
export function modesPermitted(operations: OperationSet): Modes {
  let modes = 0
  for (const [mode, any] of MODES) {
    if (any.some((operation) => permits(operations, operation))) modes |= mode
  }
  return modes
}

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
