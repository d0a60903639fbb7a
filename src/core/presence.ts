/** Presence on channels of apps: who enters, changes and leaves, each told to everybody in one step. */
import { type Failure, type Result, failure, ok } from '../failure.ts'
import type { Budget, Holder } from '../policy/budget.ts'
import type { AppChannel } from './app-channel.ts'
import type { Broker } from './broker.ts'
import type { IdSource } from './id-source.ts'
import { contentBytes } from './memory-history.ts'
import type { PositionSource } from './position.ts'
import { memberBytes } from './presence-set.ts'
import type { ChannelRef, PresenceChange, PresenceDraft, PresenceMessage } from './types.ts'

export interface PresenceParts {
  readonly broker: Broker
  readonly positions: PositionSource
  readonly ids: IdSource
  /** How many members a channel of an app may have; 0 for no limit. */
  readonly maxMembers: (realm: string) => number
  /** Bytes that the members of one channel may take; 0 for no limit. */
  readonly maxBytes: number
  /** Of the members of all channels, by app and then by connection. */
  readonly budget: Budget
}

export interface PresenceOrigin {
  readonly connectionId: string
  /** Of all changes together: the connection's id and the number of its frame (RTP2b). */
  readonly id: string
}

export interface PresenceReceipt {
  /** What was told to the channel; those who are present already as they say are not told again. */
  readonly event: PresenceChange | undefined
  readonly kept: Promise<void> | undefined
}

export interface LeaveReceipt {
  /** What was told to the channel. */
  readonly events: readonly PresenceChange[]
  readonly kept: Promise<void> | undefined
}

const ID_LENGTH = 12
/** Of what is told together when a connection ends: as much as a client may say at once. */
const MAX_TOLD_BYTES = 131_072
const MAX_TOLD = 100

export class Presence {
  readonly #parts: PresenceParts

  constructor(parts: PresenceParts) {
    this.#parts = parts
    parts.broker.watch({ closed: (channel) => this.#count(channel, -1) })
  }

  /** Counts what channels have that another run of the server had. */
  adopt(): void {
    for (const channel of this.#parts.broker.all()) this.#count(channel, 1)
  }

  /** Takes all changes or none. */
  change(
    ref: ChannelRef,
    drafts: readonly PresenceDraft[],
    { connectionId, id }: PresenceOrigin,
  ): Result<PresenceReceipt> {
    const opened = this.#parts.broker.openToPlace(ref)
    if (!opened.ok) return opened
    const channel = opened.value
    const refusal = this.#refusal(channel, drafts, connectionId)
    if (refusal) return { ok: false, failure: refusal }
    const timestamp = this.#parts.positions.time.now()
    const changes: PresenceMessage[] = []
    for (const [index, draft] of drafts.entries()) {
      const change = stamp(channel, draft, connectionId, `${id}:${index}`, timestamp)
      if (!change) continue
      this.#apply(channel, change)
      changes.push(change)
    }
    return ok(this.#place(channel, changes, id, connectionId, timestamp))
  }

  /**
   * Takes off a channel whatever a connection has entered there, as a detach or the end of the connection does.
   * @param clientIds only these members; all where left out
   */
  leave(ref: ChannelRef, connectionId: string, clientIds?: readonly string[]): LeaveReceipt {
    const channel = this.#parts.broker.channel(ref)
    const members = channel?.presence
      .ofConnection(connectionId)
      .filter(({ clientId }) => clientIds?.includes(clientId) ?? true)
    if (!channel || !members) return { events: [], kept: undefined }
    const receipts = portionsOf(members).map((portion) =>
      this.#leaveTogether(channel, connectionId, portion),
    )
    const kept = receipts.map((receipt) => receipt.kept).filter((promise) => promise !== undefined)
    return {
      events: receipts.map(({ event }) => event).filter((event) => event !== undefined),
      kept: kept.length === 0 ? undefined : Promise.all(kept).then(() => undefined),
    }
  }

  #leaveTogether(
    channel: AppChannel,
    connectionId: string,
    members: readonly PresenceMessage[],
  ): PresenceReceipt {
    const timestamp = this.#parts.positions.time.now()
    // Not of the connection's own form: clients then compare by time and not by number (RTP2b1).
    const id = this.#parts.ids.next(ID_LENGTH)
    const changes = members.map((member, index) => leaving(member, `${id}:0:${index}`, timestamp))
    for (const change of changes) this.#apply(channel, change)
    return this.#place(channel, changes, id, connectionId, timestamp)
  }

  #refusal(
    channel: AppChannel,
    drafts: readonly PresenceDraft[],
    connectionId: string,
  ): Failure | undefined {
    const { budget, maxBytes, maxMembers } = this.#parts
    const { presence, ref } = channel
    const max = maxMembers(ref.realm)
    const { bytes, members } = growth(channel, drafts, connectionId)
    if (max > 0 && members > 0 && presence.size + members > max)
      return failure('presence_full', `a channel can have no more than ${max} presence members`)
    if (bytes <= 0) return undefined
    if (maxBytes > 0 && presence.bytes + bytes > maxBytes) return failure('presence_too_large')
    const hasRoom = budget.hasRoom(holderOf(channel, connectionId), bytes)
    return hasRoom ? undefined : failure('presence_too_large', NO_MEMORY)
  }

  /** One by one, because the same client may be in a list twice. */
  #apply(channel: AppChannel, change: PresenceMessage): void {
    const { presence } = channel
    const { clientId, connectionId } = change
    const before = presence.bytes
    if (change.action === 'leave') presence.remove(connectionId, clientId)
    else presence.put(change)
    this.#parts.budget.change(holderOf(channel, connectionId), presence.bytes - before)
  }

  #count(channel: AppChannel, times: 1 | -1): void {
    for (const member of channel.presence.members()) {
      const holder = holderOf(channel, member.connectionId)
      this.#parts.budget.change(holder, times * memberBytes(member))
    }
  }

  #place(
    channel: AppChannel,
    changes: readonly PresenceMessage[],
    id: string,
    connectionId: string,
    timestamp: number,
  ): PresenceReceipt {
    if (changes.length === 0) return { event: undefined, kept: undefined }
    const position = this.#parts.positions.next(timestamp)
    const event: PresenceChange = {
      kind: 'presence',
      position,
      id,
      connectionId,
      timestamp,
      changes,
    }
    const bytes = changes.reduce((sum, change) => sum + contentBytes(change), 0)
    const entries = changes.map((change) => ({ kind: 'presence' as const, change, position }))
    const kept = this.#parts.broker.place(channel, event, bytes, entries)
    this.#parts.broker.presenceSettled(channel)
    return { event, kept }
  }
}

const NO_MEMORY = 'the app, or this connection of it, has no memory left for presence'

/** Apps that share what there is have a share of this in common too. */
function holderOf({ home: { share }, ref }: AppChannel, connectionId: string): Holder {
  return [share.key, `${ref.realm}\n${connectionId}`]
}

/** How much there will be more than now, if all changes are taken. The same client may be among them twice. */
function growth(
  { presence }: AppChannel,
  drafts: readonly PresenceDraft[],
  connectionId: string,
): { readonly members: number; readonly bytes: number } {
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

function leaving(member: PresenceMessage, id: string, timestamp: number): PresenceMessage {
  return { ...member, action: 'leave', id, timestamp }
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
  channel: AppChannel,
  draft: PresenceDraft,
  connectionId: string,
  id: string,
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
