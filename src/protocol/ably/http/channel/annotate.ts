/** Annotates one message, or removes annotations from it (RSAN1, RSAN2). */
import type { AnnotationDraft } from '../../../../core/types.ts'
import { type Result, ok } from '../../../../failure.ts'
import { countTraffic } from '../../connection/traffic.ts'
import type { ChannelParts, ChannelCaller } from './channel-caller.ts'
import { lossOf } from './publish.ts'

export interface Annotated {
  readonly id: string
  readonly serials: readonly string[]
}

/** Applies all annotations or none. */
export async function annotate(
  { acts, counters }: ChannelParts,
  caller: ChannelCaller,
  drafts: readonly AnnotationDraft[],
): Promise<Result<Annotated>> {
  const counts = counters.of(caller.channel.realm).inbound.rest.messages
  const receipt = await acts.annotate(caller.principal, caller, drafts, NO_CONNECTION)
  if (!receipt.ok) {
    counts.refused += drafts.length
    return receipt
  }
  countTraffic(counts, drafts)
  const { id, serials, kept } = receipt.value
  const loss = kept && (await lossOf(kept))
  return loss ? { ok: false, failure: loss } : ok({ id, serials })
}

const NO_CONNECTION = { connectionId: undefined, id: undefined }
