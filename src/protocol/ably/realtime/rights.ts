/** What a capability permits on a channel, as modes of an attachment. */
import { type Failure, failure } from '../../../failure.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import {
  type Operation,
  type OperationSet,
  permits,
} from '../../../policy/capability/operations.ts'
import type { ChannelRuleSettings } from '../../../policy/channel-rule.ts'
import { compileFilter } from '../../../policy/message-filter.ts'
import type { QualifiedName } from '../wire/channel-name.ts'
import { MODE, type Modes, has } from '../../../core/modes.ts'

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

/** Who acts on a channel, as its rule sees them. */
export interface Actor {
  readonly principal: AppPrincipal
  readonly secure: boolean
}

/** What the rule of a channel has against somebody. */
export function ruleFault(rule: ChannelRuleSettings, actor: Actor): Failure | undefined {
  const { clientId, mayAssumeClientId } = actor.principal
  if (rule.authenticated && clientId === undefined && !mayAssumeClientId)
    return failure('identity_required')
  return rule.tlsOnly && !actor.secure
    ? failure('tls_required', 'the channel rule requires TLS')
    : undefined
}

/** The capability is asked before the mode: it may have changed since the attachment (RTC8a). */
export function refusalOf(
  operations: OperationSet,
  operation: Operation,
  requested: Modes | undefined,
  mode: Modes,
): Failure | undefined {
  if (!permits(operations, operation))
    return failure(
      'capability_refused',
      `the capability does not permit ${operation} on this channel`,
    )
  if (requested !== undefined && !has(requested, mode)) return failure('channel_mode_refused')
  return undefined
}
