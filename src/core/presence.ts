/** Presence on channels of apps: who enters, changes and leaves, each told to everybody in one step. */
import { type Result, fail, ok } from '../failure.ts'
import type { AppChannel } from './app-channel.ts'
import type { Broker } from './broker.ts'
import type { Clock } from './clock.ts'
import type { IdSource } from './id-source.ts'
import { contentBytes } from './memory-history.ts'
import type { PositionSource } from './position.ts'
import type { ChannelRef, PresenceChange, PresenceDraft, PresenceMessage } from './types.ts'

export interface PresenceParts {
  readonly broker: Broker
  readonly positions: PositionSource
  readonly ids: IdSource
  readonly clock: Clock
  /** How many members a channel of an app may have; 0 for no limit. */
  readonly maxMembers: (realm: string) => number
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

const ID_LENGTH = 12

export class Presence {
  readonly #parts: PresenceParts

  constructor(parts: PresenceParts) {
    this.#parts = parts
  }

  /** Takes all changes or none. */
  change(
    ref: ChannelRef,
    drafts: readonly PresenceDraft[],
    { connectionId, id }: PresenceOrigin,
  ): Result<PresenceReceipt> {
    const opened = this.#parts.broker.open(ref)
    if (!opened.ok) return opened
    const channel = opened.value
    if (!this.#hasRoom(channel, drafts, connectionId)) return this.#full(ref)
    const timestamp = this.#parts.clock.now()
    const changes: PresenceMessage[] = []
    for (const [index, draft] of drafts.entries()) {
      const change = stamp(channel, draft, connectionId, `${id}:${index}`, timestamp)
      if (!change) continue
      apply(channel, change)
      changes.push(change)
    }
    return ok(this.#place(channel, changes, id, connectionId, timestamp))
  }

  /**
   * Takes off a channel whatever a connection has entered there, as a detach or the end of the connection does.
   * @param clientIds only these members; all where left out
   */
  leave(ref: ChannelRef, connectionId: string, clientIds?: readonly string[]): PresenceReceipt {
    const channel = this.#parts.broker.channel(ref)
    const members = channel?.presence
      .ofConnection(connectionId)
      .filter(({ clientId }) => clientIds?.includes(clientId) ?? true)
    if (!channel || !members || members.length === 0) return { event: undefined, kept: undefined }
    const timestamp = this.#parts.clock.now()
    // Not of the connection's own form: clients then compare by time and not by number (RTP2b1).
    const id = this.#parts.ids.next(ID_LENGTH)
    const changes = members.map((member, index) => leaving(member, `${id}:0:${index}`, timestamp))
    for (const change of changes) apply(channel, change)
    return this.#place(channel, changes, id, connectionId, timestamp)
  }

  #hasRoom(channel: AppChannel, drafts: readonly PresenceDraft[], connectionId: string): boolean {
    const max = this.#parts.maxMembers(channel.ref.realm)
    if (max === 0) return true
    const added = new Set(
      drafts
        .filter(
          ({ action, clientId }) =>
            action !== 'leave' && !channel.presence.get(connectionId, clientId),
        )
        .map(({ clientId }) => clientId),
    )
    return added.size === 0 || channel.presence.size + added.size <= max
  }

  #full<T>({ realm }: ChannelRef): Result<T> {
    const max = this.#parts.maxMembers(realm)
    return fail('presence_full', `a channel can have no more than ${max} presence members`)
  }

  #place(
    channel: AppChannel,
    changes: readonly PresenceMessage[],
    id: string,
    connectionId: string,
    timestamp: number,
  ): PresenceReceipt {
    if (changes.length === 0) return { event: undefined, kept: undefined }
    const position = this.#parts.positions.next()
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
    this.#parts.broker.released(channel)
    this.#parts.broker.occupancyChanged(channel)
    return { event, kept }
  }
}

/** One by one, because the same client may be in a list twice. */
function apply({ presence }: AppChannel, change: PresenceMessage): void {
  if (change.action === 'leave') presence.remove(change.connectionId, change.clientId)
  else presence.put(change)
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
  }
}
