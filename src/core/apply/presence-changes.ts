/** Who enters, changes and leaves the presence set of a channel, each told to everybody in one step. */
import type { At } from '../../engine/engine.ts'
import { type Failure, type Result, failure, ok } from '../../failure.ts'
import type { Budget } from '../../policy/budget.ts'
import type { Channel } from '../channel/channel.ts'
import { asMember, totalOf } from '../commons/membership.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { DepartureEntry, PresenceEntry, PresenceLimits } from '../channel/entry.ts'
import type { DepartureReceipt, PresenceReceipt } from '../channel/receipt.ts'
import type { Placement } from './placement.ts'
import { holderOf, presenceGrowth } from '../channel/presence-growth.ts'
import { memberBytes } from '../channel/presence-set.ts'
import type { Member, PresenceChange, PresenceDraft, PresenceMessage } from '../types.ts'

export interface PresenceChangeParts {
  readonly placement: Placement
  readonly delivery: Delivery
  /** Of the members of all channels on this node. */
  readonly budget: Budget
  /** Told when somebody came, changed or went, and everybody has been told. */
  readonly onSettled: (channel: Channel) => void
}

/** Of what is told together when a connection ends: as much as a client may say at once. */
const MAX_TOLD_BYTES = 131_072
const MAX_TOLD = 100

/** Somebody on the side of an app has come to a channel, or gone, as members of the commons see it. */
interface Moved {
  readonly kind: 'join' | 'leave'
  readonly member: Member
}

/** What is told together, and through which connection it came about. */
interface Told extends Pick<PresenceChange, 'id' | 'connectionId' | 'changes'> {
  readonly moved: readonly Moved[]
}

export class PresenceChanges {
  readonly #parts: PresenceChangeParts

  constructor(parts: PresenceChangeParts) {
    this.#parts = parts
  }

  /** Counts the members of a channel that comes from another node. */
  adopt(channel: Channel): void {
    if (channel.presenceSize === 0) return
    for (const member of channel.presence.members())
      this.#parts.budget.change(holderOf(channel, member.connectionId), memberBytes(member))
  }

  /** Takes all changes or none. */
  change(channel: Channel, entry: PresenceEntry, at: At): Result<PresenceReceipt> {
    const { connectionId, drafts, id } = entry
    const refusal = fullness(channel, drafts, connectionId, entry.limits)
    if (refusal) return { ok: false, failure: refusal }
    const changes: PresenceMessage[] = []
    const moved: Moved[] = []
    for (const [index, draft] of drafts.entries()) {
      const change = stamp(channel, draft, { connectionId, id: `${id}:${index}` }, at.timestamp)
      if (!change) continue
      const move = this.#apply(channel, change)
      if (move) moved.push(move)
      changes.push(change)
    }
    if (changes.length === 0) return ok({ event: undefined, kept: undefined })
    return ok(this.#tell(channel, { id, connectionId, changes, moved }, at))
  }

  /** Whoever is not there is not told to have left. */
  depart(channel: Channel, entry: DepartureEntry, at: At): Result<DepartureReceipt> {
    const { clientIds, connectionId, id } = entry
    const members = channel.presence
      .ofConnection(connectionId)
      .filter(({ clientId }) => clientIds?.includes(clientId) ?? true)
    const receipts = portionsOf(members).map((portion, number) => {
      const changes = portion.map((member, index): PresenceMessage => ({
        ...member,
        action: 'leave',
        // Not of the connection's own form: clients then compare by time and not by number (RTP2b1).
        id: `${id}:${number}:${index}`,
        timestamp: at.timestamp,
      }))
      const moved = changes.map((change) => this.#apply(channel, change))
      const whole = number === 0 ? id : `${id}-${number}`
      const told = {
        id: whole,
        connectionId,
        changes,
        moved: moved.filter((one) => one !== undefined),
      }
      return this.#tell(channel, told, at)
    })
    const kept = receipts.map((receipt) => receipt.kept).filter((promise) => promise !== undefined)
    return ok({
      events: receipts.map(({ event }) => event),
      kept: kept.length === 0 ? undefined : Promise.all(kept).then(() => undefined),
    })
  }

  /** One by one, because the same client may be in a list twice. */
  #apply(channel: Channel, change: PresenceMessage): Moved | undefined {
    const { presence } = channel
    const { clientId, connectionId } = change
    const { bytes, size } = presence
    if (change.action === 'leave') presence.remove(connectionId, clientId)
    else presence.put(change)
    this.#parts.budget.change(holderOf(channel, connectionId), presence.bytes - bytes)
    if (presence.size === size || change.guest || channel.joinedSize === 0) return undefined
    return { kind: presence.size > size ? 'join' : 'leave', member: asMember(change) }
  }

  #tell(
    channel: Channel,
    { moved, ...told }: Told,
    at: At,
  ): PresenceReceipt & { event: PresenceChange } {
    const { timestamp } = at
    const position = at.place()
    const event: PresenceChange = { kind: 'presence', position, timestamp, ...told }
    const records = event.changes.map((change) => ({ kind: 'presence' as const, change, position }))
    const { placement } = this.#parts
    const kept = placement.remember(channel, event, records, at.moment)
    placement.deliver(channel, event, undefined)
    this.#tellMembers(channel, moved, timestamp)
    this.#parts.onSettled(channel)
    return { event, kept }
  }

  /** Members of the commons hear of it one by one, each time with how many there were then. */
  #tellMembers(channel: Channel, moved: readonly Moved[], timestamp: number): void {
    let total = totalOf(channel)
    for (const { kind } of moved) total -= kind === 'join' ? 1 : -1
    for (const { kind, member } of moved) {
      total += kind === 'join' ? 1 : -1
      this.#parts.delivery.deliver(channel, { kind, member, total, timestamp }, undefined)
    }
  }
}

function fullness(
  channel: Channel,
  drafts: readonly PresenceDraft[],
  connectionId: string,
  { maxBytes, maxMembers }: PresenceLimits,
): Failure | undefined {
  if (maxBytes === 0 && maxMembers === 0) return undefined
  const { presence } = channel
  const { bytes, members } = presenceGrowth(presence, drafts, connectionId)
  if (maxMembers > 0 && members > 0 && presence.size + members > maxMembers)
    return failure(
      'presence_full',
      `a channel can have no more than ${maxMembers} presence members`,
    )
  if (maxBytes > 0 && bytes > 0 && presence.bytes + bytes > maxBytes)
    return failure('presence_too_large')
  return undefined
}

/** What leaves says once more all that it said when it came, which may be far too much for one frame. */
function portionsOf(members: readonly PresenceMessage[]): PresenceMessage[][] {
  const portions: PresenceMessage[][] = []
  let bytes = Infinity
  for (const member of members) {
    const size = memberBytes(member)
    const last = portions.at(-1)
    if (last && last.length < MAX_TOLD && bytes + size <= MAX_TOLD_BYTES) {
      last.push(member)
      bytes += size
    } else {
      portions.push([member])
      bytes = size
    }
  }
  return portions
}

/**
 * Whoever is there already has changed, and whoever was not has come, whatever they call it (ably-java's tests). That
 * somebody leaves is told also where they never came (ably-ruby's).
 */
function actionOf(action: PresenceDraft['action'], isThere: boolean): PresenceDraft['action'] {
  if (action === 'leave') return action
  return isThere ? 'update' : 'enter'
}

/** @returns undefined for what changes nothing */
function stamp(
  channel: Channel,
  draft: PresenceDraft,
  { connectionId, id }: Pick<PresenceMessage, 'connectionId' | 'id'>,
  timestamp: number,
): PresenceMessage | undefined {
  const known = channel.presence.get(connectionId, draft.clientId)
  // Whoever enters again as who they are is there already (RTP17g).
  if (draft.id !== undefined && known?.id === draft.id) return undefined
  // Who leaves without a word leaves with the last one.
  const content = draft.action === 'leave' && draft.data === undefined && known ? known : draft
  return {
    action: actionOf(draft.action, known !== undefined),
    id: draft.id ?? id,
    clientId: draft.clientId,
    connectionId,
    data: content.data,
    encoding: content.encoding,
    extras: draft.extras,
    timestamp,
    ...(draft.guest && { guest: draft.guest }),
  }
}
