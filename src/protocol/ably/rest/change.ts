/** One change of one message: under whose name, by which rules, and what its sender is told (RSL15). */
import type { MessageEdit } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { publishingClientId } from '../../../identity/principal.ts'
import { ruleRefusal } from '../../../policy/channel-rule.ts'
import { changeRefusal, ownershipRefusal } from '../message-rights.ts'
import { type ChannelParts, type Visitor, countTraffic } from './channel-call.ts'
import { isKept, signedExtras } from './publish.ts'

/** @returns the serial of the new version, once it is kept as its channel promises */
export async function changeMessage(
  parts: ChannelParts,
  visitor: Visitor,
  edit: MessageEdit,
): Promise<Result<string>> {
  const counts = parts.counters.of(visitor.channel.realm)
  const receipt = place(parts, visitor, edit)
  if (!receipt.ok) {
    counts.inbound.rest.messages.refused++
    return receipt
  }
  countTraffic(counts.inbound.rest.messages, [edit.draft])
  const { versionSerial, kept } = receipt.value
  return kept && !(await isKept(kept)) ? fail('not_kept') : ok(versionSerial)
}

function place(parts: ChannelParts, visitor: Visitor, edit: MessageEdit) {
  const { principal, channel, secure } = visitor
  const { action, draft, serial, version } = edit
  const clientId = publishingClientId(principal, version.clientId)
  if (!clientId.ok) return clientId
  const isIdentified = clientId.value !== undefined
  const refusal =
    changeRefusal(principal, channel.name, action) ??
    ruleRefusal(parts.broker.rule(channel), { secure, isIdentified }) ??
    parts.rates.refuse(principal, channel.name, 1)
  if (refusal) return { ok: false as const, failure: refusal }
  // Where an edit leaves the extras as they are, they stay those of the author.
  const extras = draft.extras === undefined ? undefined : signedExtras(draft.extras, visitor)
  return parts.publisher.edit(
    channel,
    { action, serial, version, draft: { ...draft, extras } },
    { connectionId: undefined, id: undefined, clientId: clientId.value },
    (original) =>
      ownershipRefusal(principal, channel.name, action, clientId.value, original.clientId),
  )
}
