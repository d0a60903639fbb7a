/** What changes of presence would add to a channel, and to whose account it goes. */
import type { Holder } from '../../policy/budget.ts'
import type { Channel } from './channel.ts'
import { type PresenceSet, memberBytes } from './presence-set.ts'
import type { PresenceDraft } from '../types.ts'

export interface Growth {
  readonly members: number
  readonly bytes: number
}

/** How much there will be more than now, if all changes are taken. The same client may be among them twice. */
export function presenceGrowth(
  presence: PresenceSet,
  drafts: readonly PresenceDraft[],
  connectionId: string,
): Growth {
  const sizes = new Map<string, number>()
  let members = 0
  let bytes = 0
  for (const draft of drafts) {
    const { action, clientId } = draft
    const known = presence.get(connectionId, clientId)
    const before = sizes.get(clientId) ?? (known ? memberBytes(known) : 0)
    const after = action === 'leave' ? 0 : memberBytes(draft)
    sizes.set(clientId, after)
    bytes += after - before
    members += Number(after > 0) - Number(before > 0)
  }
  return { members, bytes }
}

/** Apps that share what there is have a share of this in common too. */
export function holderOf({ home: { share }, ref }: Channel, connectionId: string): Holder {
  return [share.key, `${ref.realm}\n${connectionId}`]
}
