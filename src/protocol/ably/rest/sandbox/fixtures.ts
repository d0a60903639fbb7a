/** Enters the members of a sandbox app that are to be present from the start. */
import type { IdSource } from '../../../../core/id-source.ts'
import type { Presence } from '../../../../core/propose/presence.ts'
import { type PresenceDraft, channelRef } from '../../../../core/types.ts'
import { type Result, ok } from '../../../../failure.ts'
import type { ChannelFixture } from './request.ts'

/** As long as the ids of real connections. */
const CONNECTION_ID_LENGTH = 10

export interface FillParts {
  readonly presence: Presence
  readonly ids: IdSource
}

/** All members share the id of a connection that does not exist, so they never leave. */
export async function fillChannels(
  { presence, ids }: FillParts,
  appId: string,
  channels: readonly ChannelFixture[],
): Promise<Result<void>> {
  const connectionId = ids.next(CONNECTION_ID_LENGTH)
  for (const [serial, { name, presence: members }] of channels.entries()) {
    const drafts = members.map(({ clientId, data, encoding }): PresenceDraft => {
      return { action: 'enter', id: undefined, clientId, data, encoding, extras: undefined }
    })
    const origin = { connectionId, id: `${connectionId}:${serial}` }
    const entered = await presence.change(channelRef(appId, name), drafts, origin)
    if (!entered.ok) return entered
    await entered.value.kept
  }
  return ok(undefined)
}
