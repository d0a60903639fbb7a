/** Who wants to know what becomes of channels on this node. */
import type { Channel } from '../channel/channel.ts'
import type { KeptMessage, PlacedEvent, PresenceChange, Socket } from '../types.ts'

export interface ChannelWatcher {
  opened?(channel: Channel): void
  closed?(channel: Channel): void
  /** An event is put on disk, because a rule says so. */
  kept?(channel: Channel, event: PlacedEvent): void
  /** Messages were published here that might be for devices too, on a channel whose rule permits that. */
  pushed?(channel: Channel, messages: readonly KeptMessage[]): void
  /** Presence changed, and everybody has been told. */
  presenceChanged?(channel: Channel, event: PresenceChange): void
  /** Somebody came, went or changed on a channel. */
  occupied?(channel: Channel): void
  /** A publication has gone out to everybody but one, whose own it is. */
  notEchoed?(channel: Channel, socket: Socket): void
}

export class ChannelWatchers implements Required<ChannelWatcher> {
  readonly #watchers: ChannelWatcher[] = []

  add(watcher: ChannelWatcher): void {
    this.#watchers.push(watcher)
  }

  opened(channel: Channel): void {
    for (const watcher of this.#watchers) watcher.opened?.(channel)
  }

  closed(channel: Channel): void {
    for (const watcher of this.#watchers) watcher.closed?.(channel)
  }

  kept(channel: Channel, event: PlacedEvent): void {
    for (const watcher of this.#watchers) watcher.kept?.(channel, event)
  }

  pushed(channel: Channel, messages: readonly KeptMessage[]): void {
    for (const watcher of this.#watchers) watcher.pushed?.(channel, messages)
  }

  presenceChanged(channel: Channel, event: PresenceChange): void {
    for (const watcher of this.#watchers) watcher.presenceChanged?.(channel, event)
  }

  occupied(channel: Channel): void {
    for (const watcher of this.#watchers) watcher.occupied?.(channel)
  }

  notEchoed(channel: Channel, socket: Socket): void {
    for (const watcher of this.#watchers) watcher.notEchoed?.(channel, socket)
  }
}
