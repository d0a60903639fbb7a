/** What is against an act, where it depends on nothing but who asks and what for. */
import { type Failure, failure } from '../../failure.ts'
import type { Capability } from '../../policy/capability/capability.ts'
import { type Operation, permits } from '../../policy/capability/operations.ts'
import { messageSize } from '../channel/message-size.ts'
import type { Caller } from './caller.ts'

/** Whether an operation is permitted on any resource. */
export function permitsAnywhere(capability: Capability, operation: Operation): boolean {
  for (const operations of capability.values()) if (permits(operations, operation)) return true
  return false
}

/** What keeps somebody from what only clients with an id may do. */
export function nameless(caller: Caller): Failure | undefined {
  if (caller.kind === 'app' && caller.clientId !== undefined) return undefined
  const canSay = caller.kind === 'app' && caller.mayAssumeClientId
  return failure('identity_required', canSay ? 'say as which client' : 'the token has no client id')
}

/**
 * What keeps somebody who may change messages of their own from changing this one.
 * @param clientId under which they change it
 * @param author of the message
 */
export function ownershipRefusal(
  clientId: string | undefined,
  author: string | undefined,
): Failure | undefined {
  if (clientId === undefined) return failure('own_needs_identity')
  if (clientId === author) return undefined
  return failure('capability_refused', 'the capability permits that for messages of your own only')
}

/** Bytes of several contents together, as limits measure them. */
export function sizeOf(drafts: readonly Parameters<typeof messageSize>[0][]): number {
  let size = 0
  for (const draft of drafts) size += messageSize(draft)
  return size
}
