/** Ends on this node what a member of the commons has here: what it hears, and what it counts towards. */
import type { Fanout } from '../../fanout/fanout.ts'
import type { AppCounters } from '../counting/app-counters.ts'
import type { Counters } from '../counting/counters.ts'
import type { Attachments } from '../delivery/attachments.ts'
import { COMMONS } from '../types.ts'
import type { Membership } from './membership.ts'
import type { CommonsShares } from './shares.ts'

export interface ReleaseParts {
  readonly attachments: Attachments
  readonly fanout: Fanout
  readonly shares: CommonsShares
  readonly counters: Counters
  readonly appCounters: AppCounters
}

/** Safe to call twice. @returns whether it was the first time */
export function release(parts: ReleaseParts, membership: Membership): boolean {
  if (membership.isOver) return false
  membership.isOver = true
  const { appCounters, attachments, counters, fanout, shares } = parts
  const { attachment, channel, group, place, socket } = membership
  fanout.leave(socket, group)
  shares.left(channel)
  counters.leaves++
  const commons = appCounters.of(COMMONS)
  commons.connections.close(place.secure)
  commons.inbound.realtime.presence.count++
  if (attachment) attachments.detach(attachment)
  return true
}
