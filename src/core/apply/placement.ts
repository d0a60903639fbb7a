/** What becomes of an event that has its place in a channel: it is remembered, kept, and given to the readers here. */
import type { HistoryEntry, History } from '../history/history.ts'
import type { Channel } from '../channel/channel.ts'
import type { ChannelWatcher } from '../broker.ts'
import type { Clock } from '../clock.ts'
import { annotationBytes, contentBytes, messageBytes } from '../history/memory-history.ts'
import type { MemoryHistory } from '../history/memory-history.ts'
import { Outlet, type OutletParts } from '../delivery/outlet.ts'
import type { ChannelRef, PlacedEvent, Socket } from '../types.ts'

export interface PlacementParts extends OutletParts {
  readonly clock: Clock
  /** What is gone after two minutes. */
  readonly memory: MemoryHistory
  /** What stays for as long as the operator says. */
  readonly log: History
  readonly watchers: Iterable<ChannelWatcher>
}

export class Placement {
  readonly #parts: PlacementParts
  readonly #outlet: Outlet

  constructor(parts: PlacementParts) {
    this.#parts = parts
    this.#outlet = new Outlet(parts)
  }

  /**
   * @param records what history is to know of it
   * @param except the socket that is not to hear of it
   * @returns settled once it is kept as the channel promises; undefined where it is already
   */
  place(
    channel: Channel,
    event: PlacedEvent,
    records: readonly HistoryEntry[],
    except: Socket | undefined,
  ): Promise<void> | undefined {
    const { clock, watchers } = this.#parts
    const now = clock.elapsed()
    channel.home.touch(channel, now)
    if (event.kind === 'publication') channel.meter.note(event.messages.length, now)
    if (event.kind === 'publication' && event.ephemeral === true) {
      channel.recent.skipTo(event.position)
    } else {
      channel.recent.add(event)
      channel.home.retention.note(channel.recent, bytesOf(event), now)
    }
    const kept = records.length === 0 ? undefined : this.#keep(channel, event, records, now)
    this.#outlet.deliver(channel, event, except)
    if (event.kind === 'presence')
      for (const watcher of watchers) watcher.presenceChanged?.(channel, event)
    return kept
  }

  /** What a channel remembers, where its rule says that it does. */
  history(ref: ChannelRef): History {
    return this.isDurable(ref) ? this.#parts.log : this.#parts.memory
  }

  isDurable(ref: ChannelRef): boolean {
    const rule = this.#parts.ruleOf(ref)
    // A message that can still be changed has to be there to be changed.
    return rule.persisted || rule.persistLast || rule.mutableMessages
  }

  #keep(
    channel: Channel,
    event: PlacedEvent,
    records: readonly HistoryEntry[],
    now: number,
  ): Promise<void> | undefined {
    const { log, memory, watchers } = this.#parts
    if (!this.isDurable(channel.ref)) {
      void memory.append(channel.ref, records, now)
      return undefined
    }
    const kept = log.append(channel.ref, records)
    for (const watcher of watchers) watcher.kept?.(channel, event)
    return kept
  }
}

/** About what an event takes in memory. */
export function bytesOf(event: PlacedEvent): number {
  let bytes = 0
  switch (event.kind) {
    case 'publication':
      for (const message of event.messages) bytes += messageBytes(message)
      return bytes
    case 'presence':
      for (const change of event.changes) bytes += contentBytes(change)
      return bytes
    case 'annotation':
      for (const annotation of event.annotations) bytes += annotationBytes(annotation)
      return bytes
  }
}
