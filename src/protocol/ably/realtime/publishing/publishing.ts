/** MESSAGE from clients: new messages, or a change of one (RTL6, RTL32). */
import type { Acts } from '../../../../core/access/acts.ts'
import type { Socket } from '../../../../core/types.ts'
import { type Failure, type Result, failure, ok } from '../../../../failure.ts'
import type { Content } from '../../connection/traffic.ts'
import type { ClientFrame } from '../../wire/frame-reader.ts'
import type { MessageLimits } from '../../wire/members.ts'
import { type ReadMessages, readMessages } from '../../wire/message-reader.ts'
import { type Client, isSilent } from '../session/client.ts'
import type { Receipt } from '../../../../core/entry.ts'
import type { Soon } from '../../../../core/soon.ts'
import type { Editing } from './editing.ts'
import { type Target, targetOf } from './target.ts'

/** What was taken on. */
export interface Accepted {
  /** For the statistics. */
  readonly contents: readonly Content[]
  /** Of what was published; none for presence. */
  readonly serials: readonly string[]
  /** Settled once it is kept as the channel promises; undefined where it is already. */
  readonly kept: Promise<void> | undefined
}

export interface PublishingParts {
  readonly acts: Acts
  readonly limits: MessageLimits
  readonly editing: Editing
  /** Told of a client to which its own publication did not come back. */
  readonly onSilent: (client: Client, target: Target) => void
}

export type MessageFrame = Extract<ClientFrame, { kind: 'message' }>

export class Publishing {
  readonly #parts: PublishingParts

  constructor(parts: PublishingParts) {
    this.#parts = parts
  }

  publish(client: Client, frame: MessageFrame): Soon<Result<Accepted>> {
    const read = readMessages(frame.messages, this.#parts.limits)
    if (!read.ok) return read
    const { edits } = read.value
    return edits.length > 0
      ? this.#parts.editing.edit(client, frame, edits)
      : this.#publishNew(client, frame, read.value)
  }

  #publishNew(
    client: Client,
    { channel, msgSerial }: MessageFrame,
    messages: ReadMessages,
  ): Soon<Result<Accepted>> {
    const { acts } = this.#parts
    const { id: connectionId, principal } = client.connection
    const target = targetOf(client, channel)
    if (!target.ok) return target
    const foreign = foreignSender(messages, connectionId)
    if (foreign) return { ok: false, failure: foreign }
    const except = silentSocket(client, target.value)
    const id = `${connectionId}:${msgSerial}`
    const receipt = acts.publish(principal, target.value, messages, { connectionId, id, except })
    if (except) this.#parts.onSilent(client, target.value)
    return receipt instanceof Promise
      ? acceptedLater(receipt, messages.drafts)
      : accepted(receipt, messages.drafts)
  }
}

/** @param contents for the statistics */
export function accepted(receipt: Result<Receipt>, contents: readonly Content[]): Result<Accepted> {
  if (!receipt.ok) return receipt
  const { kept, serials } = receipt.value
  return ok({ contents, serials, kept })
}

/** The same of what an engine answers later. */
export async function acceptedLater(
  receipt: Promise<Result<Receipt>>,
  contents: readonly Content[],
): Promise<Result<Accepted>> {
  return accepted(await receipt, contents)
}

/** Nobody can say that a message is from another connection than its own. */
function foreignSender({ connectionIds }: ReadMessages, connectionId: string): Failure | undefined {
  return connectionIds.some((other) => other !== undefined && other !== connectionId)
    ? failure('connection_id_invalid')
    : undefined
}

/** The socket that is not to hear of what is published over it. */
export function silentSocket(client: Client, { attached }: Target): Socket | undefined {
  return isSilent(client, attached?.options) ? client.socket : undefined
}
