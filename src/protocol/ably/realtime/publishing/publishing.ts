/** MESSAGE from clients: new messages, or a change of one (RTL6, RTL32). */
import type { Acts } from '../../../../core/access/acts.ts'
import { type Failure, type Result, failure } from '../../../../failure.ts'
import type { MessageLimits } from '../../wire/members.ts'
import { type ReadMessages, readMessages } from '../../wire/message-reader.ts'
import type { Client } from '../session/client.ts'
import { type Accepted, accepted, acceptedLater } from './accepted.ts'
import type { Soon } from '../../../../core/soon.ts'
import type { Editing } from './editing.ts'
import { type MessageFrame, socketWithoutEcho, targetOf } from './target.ts'

export interface PublishingParts {
  readonly acts: Acts
  readonly limits: MessageLimits
  readonly editing: Editing
}

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
    const except = socketWithoutEcho(client, target.value)
    const id = `${connectionId}:${msgSerial}`
    const receipt = acts.publish(principal, target.value, messages, { connectionId, id, except })
    const count = messages.drafts.length
    const { bytes } = messages
    return receipt instanceof Promise
      ? acceptedLater(receipt, { count, bytes })
      : accepted(receipt, count, bytes)
  }
}

/** The connection id in a message must be that of the connection that sends it. */
function foreignSender({ connectionIds }: ReadMessages, connectionId: string): Failure | undefined {
  for (const other of connectionIds)
    if (other !== undefined && other !== connectionId) return failure('connection_id_invalid')
  return undefined
}
