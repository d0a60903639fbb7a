/** What a capability permits on a channel, as modes of an attachment. */
import { type Failure, failure } from '../../../failure.ts'
import {
  type Operation,
  type OperationSet,
  permits,
} from '../../../policy/capability/operations.ts'
import { compileFilter } from '../../../policy/message-filter.ts'
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

/** What is wrong with a kind of channel; ordinary ones are always right. */
export function kindFault({ filter, qualifier }: QualifiedName): Failure | undefined {
  if (qualifier === 'queue') return failure('bad_channel', 'queues are not channels here')
  if (filter === undefined) return undefined
  const compiled = compileFilter(Buffer.from(filter).toString('base64'))
  return compiled.ok ? undefined : compiled.failure
}
