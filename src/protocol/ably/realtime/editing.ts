/** MESSAGE from clients that changes a message which is there: update, delete, append (RTL32). */
import { MODE } from '../../../core/modes.ts'
import type { Publisher } from '../../../core/publisher.ts'
import type { MessageEdit } from '../../../core/types.ts'
import { type Failure, type Result, fail, ok } from '../../../failure.ts'
import { publishingClientId } from '../../../identity/principal.ts'
import { changeRefusal, ownershipRefusal } from '../message-rights.ts'
import type { PublishRates } from '../rest/publish-rates.ts'
import { signedExtras } from '../rest/publish.ts'
import type { Client } from './client.ts'
import { type Accepted, type MessageFrame, silentSocket } from './publishing.ts'
import { type ChannelGate, type Target, targetOf } from './target.ts'

export interface EditingParts {
  readonly gate: ChannelGate
  readonly publisher: Publisher
  readonly rates: PublishRates
  /** Told of a client to which its own publication did not come back. */
  readonly onSilent: (client: Client, target: Target) => void
}

export class Editing {
  readonly #parts: EditingParts

  constructor(parts: EditingParts) {
    this.#parts = parts
  }

  edit(
    client: Client,
    { channel, msgSerial }: MessageFrame,
    edits: readonly MessageEdit[],
  ): Result<Accepted> {
    const [edit] = edits
    if (!edit || edits.length > 1)
      return fail('bad_request', 'one message at a time can be changed')
    const target = targetOf(client, channel, { operation: undefined, mode: MODE.publish })
    if (!target.ok) return target
    const { principal, id: connectionId } = client.connection
    const clientId = publishingClientId(principal, edit.version.clientId)
    if (!clientId.ok) return clientId
    const refusal = this.#refusal(client, target.value, edit, clientId.value !== undefined)
    if (refusal) return { ok: false, failure: refusal }
    const { name, ref } = target.value
    const except = silentSocket(client, target.value)
    const receipt = this.#parts.publisher.edit(
      ref,
      withClaim(client, target.value, edit),
      {
        connectionId,
        id: `${connectionId}:${msgSerial}`,
        clientId: clientId.value,
        except,
        rollupMs: client.rollupMs,
      },
      ({ clientId: author }) =>
        ownershipRefusal(principal, name.name, edit.action, clientId.value, author),
    )
    if (!receipt.ok) return receipt
    if (except) this.#parts.onSilent(client, target.value)
    const { kept, versionSerial } = receipt.value
    return ok({ contents: [edit.draft], serials: [versionSerial], kept })
  }

  #refusal(
    client: Client,
    target: Target,
    { action }: MessageEdit,
    isIdentified: boolean,
  ): Failure | undefined {
    const { gate, rates } = this.#parts
    const { principal } = client.connection
    const { name } = target.name
    return (
      changeRefusal(principal, name, action) ??
      gate.refuse(client, target, isIdentified) ??
      rates.refuse(principal, name, 1)
    )
  }
}

/** Where an edit leaves the extras as they are, they stay those of the author. */
function withClaim({ connection }: Client, { ref }: Target, edit: MessageEdit): MessageEdit {
  const { draft } = edit
  if (draft.extras === undefined) return edit
  const { principal, identified } = connection
  const visitor = { principal, channel: ref, secure: identified.secure }
  return { ...edit, draft: { ...draft, extras: signedExtras(draft.extras, visitor) } }
}
