/** The ATTACHED message (RTL4c, TR4i). */
import { MODE, has } from '../../../../core/modes.ts'
import { ACTION, FLAG, flagsOf } from '../../wire/actions.ts'
import type { Client } from '../session/client.ts'
import type { AttachRequest } from './attach-request.ts'
import type { Continuation } from './continuation.ts'

/** What follows the message, as its flags announce. */
interface Announced {
  readonly hasPresence: boolean
  readonly hasBacklog: boolean
}

/** @returns the members of the protocol message */
export function attachedMessage(
  client: Client,
  { modes, options, text }: AttachRequest,
  from: Continuation,
  { hasBacklog, hasPresence }: Announced,
): Readonly<Record<string, unknown>> {
  return {
    action: ACTION.ATTACHED,
    channel: text,
    channelSerial: from.serial,
    flags:
      flagsOf(modes) |
      (hasPresence ? FLAG.HAS_PRESENCE : 0) |
      (has(modes, MODE.objectSubscribe) ? FLAG.HAS_OBJECTS : 0) |
      (hasBacklog ? FLAG.HAS_BACKLOG : 0) |
      (from.resumedFrom !== undefined ? FLAG.RESUMED : 0),
    params: options.echoed,
    error: from.failure && client.errorInfo(from.failure),
  }
}
