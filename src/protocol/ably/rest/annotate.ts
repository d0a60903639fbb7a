/** Annotations of one message: under whose name, by which rules, and what their sender is told (RSAN1, RSAN2). */
import { needsClientId } from '../../../core/annotation-tally.ts'
import type { AnnotationDraft } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { publishingClientId } from '../../../identity/principal.ts'
import { ruleRefusal } from '../../../policy/channel-rule.ts'
import { type ChannelParts, type Visitor, countTraffic } from './channel-call.ts'
import { isKept, signedExtras } from './publish.ts'

export interface Annotated {
  readonly id: string
  readonly serials: readonly string[]
}

/** Adds or takes away all of them or none. */
export async function annotate(
  parts: ChannelParts,
  visitor: Visitor,
  drafts: readonly AnnotationDraft[],
): Promise<Result<Annotated>> {
  const counts = parts.counters.of(visitor.channel.realm).inbound.rest.messages
  const receipt = place(parts, visitor, drafts)
  if (!receipt.ok) {
    counts.refused += drafts.length
    return receipt
  }
  countTraffic(counts, drafts)
  const { id, serials, kept } = receipt.value
  return kept && !(await isKept(kept)) ? fail('not_kept') : ok({ id, serials })
}

function place(parts: ChannelParts, visitor: Visitor, drafts: readonly AnnotationDraft[]) {
  const { principal, channel, secure } = visitor
  const signed: AnnotationDraft[] = []
  for (const draft of drafts) {
    const clientId = publishingClientId(principal, draft.clientId)
    if (!clientId.ok) return clientId
    if (clientId.value === undefined && needsClientId(draft.type))
      return fail<never>('identity_required', 'annotations of this type are of clients with an id')
    const extras = signedExtras(draft.extras, visitor)
    signed.push({ ...draft, clientId: clientId.value, extras })
  }
  const isIdentified = signed.every(({ clientId }) => clientId !== undefined)
  const refusal =
    ruleRefusal(parts.broker.rule(channel), { secure, isIdentified }) ??
    parts.rates.refuse(principal, channel.name, signed.length)
  if (refusal) return { ok: false as const, failure: refusal }
  return parts.publisher.annotate(channel, signed, { connectionId: undefined, id: undefined })
}
