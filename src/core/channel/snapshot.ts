/** The channels of apps at one moment, so that a server that starts again goes on where the last one stopped. */
import type { Clock } from '../clock.ts'
import type { Histories } from '../history/histories.ts'
import type { Registry } from '../registry/registry.ts'
import type { ChannelTime } from '../time/channel-time.ts'
import type { Channel } from './channel.ts'
import type { ChannelSnapshot } from './channel-snapshot.ts'
import type { HistoryEntry } from '../history/history.ts'
import { objectsFrom } from '../objects/channel-objects.ts'
import { bytesOf } from '../apply/placement.ts'
import { msOf, msText } from './position.ts'
import { NO_KEYS } from '../../policy/channel-keys.ts'
import { type PlacedEvent, type PresenceMessage, channelRef } from '../types.ts'

/** @param isWanted which members of presence sets may come back */
export function takeSnapshot(
  registry: Registry,
  isWanted: (member: PresenceMessage) => boolean,
): ChannelSnapshot[] {
  return Array.from(registry.all(), (channel) => {
    const snapshot = snapshotOf(channel)
    return { ...snapshot, presence: snapshot.presence.filter(isWanted) }
  })
}

function snapshotOf(channel: Channel): ChannelSnapshot {
  return {
    realm: channel.ref.realm,
    name: channel.ref.name,
    floor: channel.recent.floor,
    head: channel.recent.head,
    events: channel.recent.all(),
    presence: [...channel.presence.members()],
    ids: channel.ids
      .entries()
      .map(([id, { id: whole, serials }]) => [id, { id: whole, serials }, msOf(serials[0] ?? '')]),
  }
}

/** All that another node needs to have the channel too. */
export function wholeSnapshot(channel: Channel): ChannelSnapshot {
  const members = Array.from(channel.joined ?? [], ([, { member }]) => member)
  const objects = channel.objects?.plain()
  return {
    ...snapshotOf(channel),
    members,
    keys: channel.ephemeral,
    ...(objects && { objects }),
  }
}

/** What channels are put back into. */
export interface RestoreParts {
  readonly registry: Registry
  readonly histories: Histories
  readonly clock: Clock
  readonly time: ChannelTime
}

/** Puts channels back into a registry that has none yet. What cannot be read throws before anything is changed. */
export function restoreSnapshot(parts: RestoreParts, snapshots: readonly ChannelSnapshot[]): void {
  const { registry } = parts
  const remembered = snapshots.flatMap((snapshot) => [...eventsOf(snapshot), ...idsOf(snapshot)])
  // The memory of all channels ends in the order of time, so it is filled in that order.
  remembered.sort((a, b) => (a.place < b.place ? -1 : 1))
  const channels = new Map(
    snapshots.map((snapshot) => [snapshot, restoreChannel(registry, snapshot)]),
  )
  for (const { recall, snapshot } of remembered) {
    const channel = channels.get(snapshot)
    // It may have had to give way to another meanwhile.
    if (channel && !channel.isGone) recall(parts, channel)
  }
  for (const channel of channels.values()) if (channel) registry.settlePresence(channel)
}

interface Remembered {
  readonly snapshot: ChannelSnapshot
  /** A position, or what those of its time begin with. */
  readonly place: string
  readonly recall: (parts: RestoreParts, channel: Channel) => void
}

function eventsOf(snapshot: ChannelSnapshot): Remembered[] {
  return snapshot.events.map((event) => ({
    snapshot,
    place: event.position,
    recall: (parts, channel) => recallEvent(parts, channel, event),
  }))
}

/** Remembers an event that was delivered in another run of the server. */
function recallEvent(parts: RestoreParts, channel: Channel, event: PlacedEvent): void {
  const { histories } = parts
  const moment = momentOf(parts, event.timestamp)
  const { head } = channel.recent
  channel.recent.add(event)
  channel.recent.skipTo(head)
  channel.home.retention.note(channel.recent, bytesOf(event), moment)
  if (event.kind === 'publication') channel.previous = event
  if (!histories.isDurable(channel.ref)) histories.remember(channel.ref, recordsOf(event), moment)
}

/** The same for the id by which a repetition is known. */
function idsOf(snapshot: ChannelSnapshot): Remembered[] {
  return snapshot.ids.map(([id, receipt, time]) => ({
    snapshot,
    place: msText(time),
    recall: (parts, channel) =>
      channel.remember(id, { ...receipt, kept: undefined }, momentOf(parts, time)),
  }))
}

/** By the clock's elapsed time, when something was that another run of the server has dated. */
function momentOf({ clock, time }: RestoreParts, at: number): number {
  return clock.elapsed() - Math.max(0, time.now() - at)
}

function restoreChannel(registry: Registry, snapshot: ChannelSnapshot): Channel | undefined {
  const channel = registry.restore(channelRef(snapshot.realm, snapshot.name), snapshot)
  if (!channel) return undefined
  for (const member of snapshot.presence) channel.presence.put(member)
  for (const member of snapshot.members ?? []) channel.join({ member })
  channel.ephemeral = snapshot.keys ?? NO_KEYS
  if (snapshot.objects) channel.objects = objectsFrom(snapshot.objects)
  registry.settleMembers(channel)
  return channel
}

/** What history in memory knew of an event. Edits are left out: only channels that are kept on disk have them. */
function recordsOf(event: PlacedEvent): HistoryEntry[] {
  const { position } = event
  switch (event.kind) {
    case 'publication':
      return event.messages
        .filter(({ action }) => action === 'create')
        .map((message) => ({ kind: 'message', message, position }))
    case 'presence':
      return event.changes.map((change) => ({ kind: 'presence', change, position }))
    case 'annotation':
      return []
  }
}
