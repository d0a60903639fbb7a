/** The members of a channel, told to a client that has just come (RTP18). */
import type { IdSource } from '../../../core/id-source.ts'
import type { Frame, PresenceMessage } from '../../../core/types.ts'
import type { PresenceSet } from '../../../core/presence-set.ts'
import { syncFrame } from '../wire/frames.ts'
import type { Client } from './client.ts'

const PAGE_SIZE = 100
const ID_LENGTH = 8

/**
 * All of one moment: nothing else about presence may come between them, because SDKs report somebody twice who
 * leaves between two of them.
 */
export function memberPages(
  client: Client,
  channel: string,
  presence: PresenceSet,
  ids: IdSource,
): readonly Frame[] {
  if (presence.size <= PAGE_SIZE)
    return [syncFrame(channel, undefined, [...presence.members()], client.format)]
  const pages: Frame[] = []
  const syncId = ids.next(ID_LENGTH)
  let page: PresenceMessage[] = []
  let sent = 0
  for (const member of presence.members()) {
    page.push(member)
    if (page.length < PAGE_SIZE && sent + page.length < presence.size) continue
    sent += page.length
    const cursor = sent === presence.size ? '' : String(sent)
    pages.push(syncFrame(channel, `${syncId}:${cursor}`, page, client.format))
    page = []
  }
  return pages
}
