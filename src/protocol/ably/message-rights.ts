/** Who may change a message: whoever may change any, and its author who may change their own (RSL15, RTL32). */
import type { MessageEdit } from '../../core/types.ts'
import { type Failure, failure } from '../../failure.ts'
import type { AppPrincipal } from '../../identity/principal.ts'
import { permitted } from './rest/authorize.ts'

const OPERATIONS = {
  update: { any: 'message-update-any', own: 'message-update-own' },
  append: { any: 'message-update-any', own: 'message-update-own' },
  delete: { any: 'message-delete-any', own: 'message-delete-own' },
} as const

/** What keeps somebody from changing messages of a channel at all, whosever they are. */
export function changeRefusal(
  principal: AppPrincipal,
  channel: string,
  action: MessageEdit['action'],
): Failure | undefined {
  const { any, own } = OPERATIONS[action]
  if (principal.checker.permits(channel, own)) return undefined
  const allowed = permitted(principal, any, channel)
  return allowed.ok ? undefined : allowed.failure
}

/**
 * What keeps somebody who may change some messages from changing this one.
 * @param clientId under which they change it
 * @param author of the message
 */
export function ownershipRefusal(
  { checker }: AppPrincipal,
  channel: string,
  action: MessageEdit['action'],
  clientId: string | undefined,
  author: string | undefined,
): Failure | undefined {
  const { any } = OPERATIONS[action]
  if (checker.permits(channel, any)) return undefined
  if (clientId === undefined) return failure('own_needs_identity')
  if (clientId === author) return undefined
  return failure('capability_refused', 'the capability permits that for messages of your own only')
}
