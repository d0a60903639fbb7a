/** The members of a channel, told to a client that has just come (RTP18). */
import type { IdSource } from '../../../core/id-source.ts'
import type { PresenceMessage } from '../../../core/types.ts'
import type { PresenceSet } from '../../../core/presence-set.ts'
import { syncFrame } from '../wire/frames.ts'
import type { Client } from './client.ts'

const PAGE_SIZE = 100
const ID_LENGTH = 8

/** All pages in one go, because SDKs report somebody twice who leaves between two of them. */
export function sendMembers(
  client: Client,
  channel: string,
  presence: PresenceSet,
  ids: IdSource,
): void {
  if (presence.size <= PAGE_SIZE) {
    client.sendFrame(syncFrame(channel, undefined, [...presence.members()], client.format))
    return
  }
  const syncId = ids.next(ID_LENGTH)
  let page: PresenceMessage[] = []
  let sent = 0
  for (const member of presence.members()) {
    page.push(member)
    if (page.length < PAGE_SIZE && sent + page.length < presence.size) continue
    sent += page.length
    const cursor = sent === presence.size ? '' : String(sent)
    client.sendFrame(syncFrame(channel, `${syncId}:${cursor}`, page, client.format))
    page = []
  }
}
