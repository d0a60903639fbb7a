/** What a capability permits on a channel, as modes of an attachment. */
import { type Operation, type OperationSet, permits } from '../../policy/capability/operations.ts'
import { MODE, type Modes } from '../modes.ts'

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
