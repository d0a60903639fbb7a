/** CONNECTED, ACK and NACK. `action` is the first member, because comet recognises frames by it. */
import { OBJECT_GRACE_MS } from '../../../../core/objects/grace.ts'
import type { Failure } from '../../../../failure.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { ErrorInfo } from '../../errors/error-info.ts'
import { ACTION } from '../../wire/actions.ts'
import type { Acknowledgement } from '../acknowledging/ack-queue.ts'
import type { Connection } from '../connection/connection.ts'
import { STATE_TTL_MS } from '../connection/connections.ts'

type Members = Readonly<Record<string, unknown>>

export interface ConnectionLimits {
  readonly maxMessageBytes: number
  readonly maxFrameBytes: number
  /** Messages a second; 0 for no limit. */
  readonly messageRate: number
}

export interface Service {
  readonly serverId: string
  /** Milliseconds without any frame after which the client may consider the connection lost. */
  readonly heartbeatMs: number
  /** As in `Objects`; repeated each time, because clients take all details anew. */
  readonly siteCode: string
}

export function connected(
  connection: Connection,
  { heartbeatMs, serverId, siteCode }: Service,
  limits: ConnectionLimits,
  error: ErrorInfo | undefined,
): Members {
  const { id, key, principal } = connection
  return {
    action: ACTION.CONNECTED,
    connectionId: id,
    connectionDetails: {
      connectionKey: key,
      clientId: shownClientId(principal),
      connectionStateTtl: STATE_TTL_MS,
      maxIdleInterval: heartbeatMs,
      maxMessageSize: limits.maxMessageBytes,
      maxFrameSize: limits.maxFrameBytes,
      maxInboundRate: limits.messageRate || undefined,
      serverId,
      siteCode,
      objectsGCGracePeriod: OBJECT_GRACE_MS,
    },
    error,
  }
}

/** `*` for a client that may assume any client id and has none yet (CD2a); undefined for an anonymous one. */
function shownClientId({ clientId, mayAssumeClientId }: AppPrincipal): string | undefined {
  return clientId ?? (mayAssumeClientId ? '*' : undefined)
}

/** `msgSerial` and `count` are always present: SDKs break if a zero is left out. */
export function acknowledgement(
  { serial, outcomes }: Acknowledgement,
  errorInfo: (why: Failure) => ErrorInfo,
): Members {
  const count = outcomes.length
  const [first] = outcomes
  if (first?.ok === false) {
    return { action: ACTION.NACK, msgSerial: serial, count, error: errorInfo(first.failure) }
  }
  const res = outcomes.map((outcome) => ({ serials: outcome.ok ? outcome.serials : [] }))
  const hasSerials = res.some(({ serials }) => serials.length > 0)
  return { action: ACTION.ACK, msgSerial: serial, count, res: hasSerials ? res : undefined }
}

/**
 * An ACK as JSON, where it is for messages that were published one by one: that is most of what a client that publishes
 * is sent. Serials are the server's own, so they hold nothing that had to be escaped.
 * @returns undefined for any other acknowledgement
 */
export function ackText({ serial, outcomes }: Acknowledgement): string | undefined {
  let res = ''
  for (const outcome of outcomes) {
    if (!outcome.ok || outcome.serials.length !== 1) return undefined
    const [own] = outcome.serials
    if (typeof own !== 'string') return undefined
    res += `${res === '' ? '' : ','}{"serials":["${own}"]}`
  }
  return `{"action":${ACTION.ACK},"msgSerial":${serial},"count":${outcomes.length},"res":[${res}]}`
}
