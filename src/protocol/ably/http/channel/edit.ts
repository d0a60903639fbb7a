/** Updates, deletes or appends to one message (RSL15). */
import type { MessageEdit } from '../../../../core/types.ts'
import { type Result, ok } from '../../../../failure.ts'
import { countTraffic } from '../../connection/traffic.ts'
import type { ChannelParts, ChannelCaller } from './channel-caller.ts'
import { lossOf } from './publish.ts'

/** @returns the serial of the new version, once it is kept as its channel promises */
export async function changeMessage(
  { acts, counters }: ChannelParts,
  caller: ChannelCaller,
  edit: MessageEdit,
): Promise<Result<string>> {
  const counts = counters.of(caller.channel.realm).inbound.rest.messages
  const receipt = await acts.edit(caller.principal, caller, edit, NO_CONNECTION)
  if (!receipt.ok) {
    counts.refused++
    return receipt
  }
  countTraffic(counts, [edit.draft])
  const { versionSerial, kept } = receipt.value
  const loss = kept && (await lossOf(kept))
  return loss ? { ok: false, failure: loss } : ok(versionSerial)
}

const NO_CONNECTION = { connectionId: undefined, id: undefined }
