/** The channels of apps at one moment, so that a server that starts again goes on where the last one stopped. */
import type { Channel } from './channel.ts'
import type { Broker } from '../broker.ts'
import type { Receipt } from './entry.ts'
import type { HistoryEntry } from '../history/history.ts'
import { bytesOf } from '../apply/placement.ts'
import { msOf, msText } from './position.ts'
import { type PlacedEvent, type PresenceMessage, channelRef } from '../types.ts'

/** Plain data: no classes, no functions, no promises. */
export interface ChannelSnapshot {
  readonly realm: string
  readonly name: string
  /** Everything after this position is in `events`. */
  readonly floor: string
  readonly head: string
  readonly events: readonly PlacedEvent[]
  readonly presence: readonly PresenceMessage[]
  readonly ids: readonly (readonly [id: string, receipt: PlainReceipt, time: number])[]
}

export type PlainReceipt = Pick<Receipt, 'id' | 'serials'>

/** @param isWanted which members of presence sets may come back */
export function takeSnapshot(
  broker: Broker,
  isWanted: (member: PresenceMessage) => boolean,
): ChannelSnapshot[] {
  return Array.from(broker.all(), (channel) => ({
    realm: channel.ref.realm,
    name: channel.ref.name,
    floor: channel.recent.floor,
    head: channel.recent.head,
    events: channel.recent.all(),
    presence: [...channel.presence.members()].filter(isWanted),
    ids: channel.ids
      .entries()
      .map(([id, { id: whole, serials }]) => [id, { id: whole, serials }, msOf(serials[0] ?? '')]),
  }))
}

/** Puts channels back into a broker that has none yet. What cannot be read throws before anything is changed. */
export function restoreSnapshot(broker: Broker, snapshots: readonly ChannelSnapshot[]): void {
  const remembered = snapshots.flatMap((snapshot) => [...eventsOf(snapshot), ...idsOf(snapshot)])
  // The memory of all channels ends in the order of time, so it is filled in that order.
  remembered.sort((a, b) => (a.place < b.place ? -1 : 1))
  const channels = new Map(
    snapshots.map((snapshot) => [snapshot, restoreChannel(broker, snapshot)]),
  )
  for (const { snapshot, recall } of remembered) {
    const channel = channels.get(snapshot)
    if (channel) recall(broker, channel)
  }
  for (const channel of broker.all()) broker.presenceSettled(channel)
}

interface Remembered {
  readonly snapshot: ChannelSnapshot
  /** A position, or what those of its time begin with. */
  readonly place: string
  readonly recall: (broker: Broker, channel: Channel) => void
}

function eventsOf(snapshot: ChannelSnapshot): Remembered[] {
  return snapshot.events.map((event) => {
    const bytes = bytesOf(event)
    const entries = entriesOf(event)
    return {
      snapshot,
      place: event.position,
      recall: (broker, channel) => broker.recall(channel, event, bytes, entries),
    }
  })
}

function idsOf(snapshot: ChannelSnapshot): Remembered[] {
  return snapshot.ids.map(([id, receipt, time]) => ({
    snapshot,
    place: msText(time),
    recall: (broker, channel) =>
      broker.recallId(channel, id, { ...receipt, kept: undefined }, time),
  }))
}

function restoreChannel(broker: Broker, snapshot: ChannelSnapshot): Channel | undefined {
  const channel = broker.restore(channelRef(snapshot.realm, snapshot.name), snapshot)
  if (!channel) return undefined
  for (const member of snapshot.presence) channel.presence.put(member)
  return channel
}

/** What history in memory knew of an event. Edits are left out: only channels that are kept on disk have them. */
function entriesOf(event: PlacedEvent): HistoryEntry[] {
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
