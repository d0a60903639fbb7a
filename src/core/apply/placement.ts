/** What becomes of an event that has its place in a channel: it is remembered, kept, and given to the readers here. */
import type { Histories } from '../history/histories.ts'
import type { HistoryEntry } from '../history/history.ts'
import type { Channel } from '../channel/channel.ts'
import { annotationBytes, contentBytes, messageBytes } from '../history/memory-history.ts'
import { Outlet, type OutletParts } from '../delivery/outlet.ts'
import type { ObjectsChange } from '../objects/operation.ts'
import type { PlacedEvent, Socket } from '../types.ts'

export interface PlacementParts extends OutletParts {
  readonly histories: Histories
}

export class Placement {
  readonly #parts: PlacementParts
  readonly #outlet: Outlet

  constructor(parts: PlacementParts) {
    this.#parts = parts
    this.#outlet = new Outlet(parts)
  }

  /**
   * Remembers an event, before it is delivered.
   * @param records what history is to know of it
   * @param moment at which it is applied
   * @returns settled once it is kept as the channel promises; undefined where it is already
   */
  remember(
    channel: Channel,
    event: PlacedEvent,
    records: readonly HistoryEntry[],
    moment: number,
  ): Promise<void> | undefined {
    channel.home.touch(channel, moment)
    if (event.kind === 'publication') channel.meter.note(event.messages.length, event.timestamp)
    if (event.kind === 'publication' && event.ephemeral === true) {
      channel.recent.skipTo(event.position)
    } else {
      channel.recent.add(event)
      channel.home.retention.note(channel.recent, bytesOf(event), moment)
    }
    return records.length === 0 ? undefined : this.#keep(channel, event, records, moment)
  }

  /** @param except the socket that is not to hear of it */
  deliver(channel: Channel, event: PlacedEvent | ObjectsChange, except: Socket | undefined): void {
    this.#outlet.deliver(channel, event, except)
    if (event.kind === 'presence') this.#parts.watchers.presenceChanged(channel, event)
  }

  /** Operations on objects are in no history, and nobody goes on from them: whoever comes is sent the objects. */
  rememberObjects(channel: Channel, event: ObjectsChange, moment: number): void {
    channel.home.touch(channel, moment)
    channel.meter.note(event.messages.length, event.timestamp)
    channel.recent.skipTo(event.position)
  }

  #keep(
    channel: Channel,
    event: PlacedEvent,
    records: readonly HistoryEntry[],
    moment: number,
  ): Promise<void> | undefined {
    const { histories, watchers } = this.#parts
    if (!histories.isDurable(channel.ref)) {
      histories.remember(channel.ref, records, moment)
      return undefined
    }
    const kept = histories.keep(channel.ref, records)
    watchers.kept(channel, event)
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
