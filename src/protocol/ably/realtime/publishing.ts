/** MESSAGE from clients: under whose name it is published, and whether it may be (RTL6). */
import { MODE } from '../../../core/modes.ts'
import type { Publisher } from '../../../core/publisher.ts'
import type { MessageDraft, Socket } from '../../../core/types.ts'
import { type Failure, type Result, failure, ok } from '../../../failure.ts'
import { publishingClientId } from '../../../identity/principal.ts'
import { permits } from '../../../policy/capability/operations.ts'
import type { PublishRates } from '../rest/publish-rates.ts'
import type { Content } from '../rest/channel-call.ts'
import { signedExtras } from '../rest/publish.ts'
import type { ClientFrame } from '../wire/frame-reader.ts'
import type { MessageLimits } from '../wire/members.ts'
import { type ReadMessages, readMessages } from '../wire/message-reader.ts'
import { type Client, isSilent, operationsOn } from './client.ts'
import type { Editing } from './editing.ts'
import { type ChannelGate, type Target, targetOf } from './target.ts'

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
  readonly gate: ChannelGate
  readonly publisher: Publisher
  readonly rates: PublishRates
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

  publish(client: Client, frame: MessageFrame): Result<Accepted> {
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
  ): Result<Accepted> {
    const target = targetOf(client, channel, { operation: 'publish', mode: MODE.publish })
    if (!target.ok) return target
    const drafts = signed(client, target.value, messages)
    if (!drafts.ok) return drafts
    const refusal = this.#refusal(client, target.value, messages, drafts.value)
    if (refusal) return { ok: false, failure: refusal }
    const except = silentSocket(client, target.value)
    const receipt = this.#parts.publisher.publish(target.value.ref, {
      drafts: drafts.value,
      batchId: messages.batchId,
      ephemeral: messages.ephemeral,
      connectionId: client.connection.id,
      id: `${client.connection.id}:${msgSerial}`,
      except,
    })
    if (!receipt.ok) return receipt
    if (except) this.#parts.onSilent(client, target.value)
    const { kept, serials } = receipt.value
    return ok({ contents: drafts.value, serials, kept })
  }

  #refusal(
    client: Client,
    target: Target,
    { connectionIds, privileged }: ReadMessages,
    drafts: readonly MessageDraft[],
  ): Failure | undefined {
    const { gate, rates } = this.#parts
    const { name } = target
    const { id, principal } = client.connection
    if (connectionIds.some((other) => other !== undefined && other !== id))
      return failure('connection_id_invalid')
    if (privileged && !permits(operationsOn(client, name), 'privileged-headers'))
      return failure('capability_refused', 'the capability does not permit privileged headers')
    const isIdentified = drafts.every(({ clientId }) => clientId !== undefined)
    return (
      gate.refuse(client, target, isIdentified) ?? rates.refuse(principal, name.name, drafts.length)
    )
  }
}

/** Puts in each draft whom it is from. */
function signed(
  { connection: { identified, principal } }: Client,
  { ref }: Target,
  { drafts }: ReadMessages,
): Result<readonly MessageDraft[]> {
  const visitor = { principal, channel: ref, secure: identified.secure }
  const result: MessageDraft[] = []
  for (const draft of drafts) {
    const clientId = publishingClientId(principal, draft.clientId)
    if (!clientId.ok) return clientId
    const extras = signedExtras(draft.extras, visitor)
    const isSigned = clientId.value === draft.clientId && extras === draft.extras
    result.push(isSigned ? draft : { ...draft, clientId: clientId.value, extras })
  }
  return ok(result)
}

/** The socket that is not to hear of what is published over it. */
export function silentSocket(client: Client, { attached }: Target): Socket | undefined {
  return isSilent(client, attached?.options) ? client.socket : undefined
}
