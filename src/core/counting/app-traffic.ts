/** Counts what channels take in their stride: their number, what goes out to readers, what is put on disk. */
import type { Channel } from '../channel/channel.ts'
import type { AppCounters, Kinds } from './app-counters.ts'
import type { ChannelWatcher } from '../registry/watchers.ts'
import { messageSize } from '../channel/message-size.ts'
import { draftsBytes } from '../objects/object-size.ts'
import type { ChannelRef, Event } from '../types.ts'

export class AppTraffic implements ChannelWatcher {
  readonly #counters: AppCounters

  constructor(counters: AppCounters) {
    this.#counters = counters
  }

  opened({ ref }: Channel): void {
    this.#counters.of(ref.realm).channels.open()
  }

  closed({ ref }: Channel): void {
    this.#counters.of(ref.realm).channels.close()
  }

  kept({ ref }: Channel, event: Event): void {
    add(this.#counters.of(ref.realm).persisted, event, 1)
  }

  /** @param recipients how many connections an event was handed to */
  delivered({ realm }: ChannelRef, event: Event, recipients: number): void {
    add(this.#counters.of(realm).outbound.realtime, event, recipients)
  }
}

/** Counts a message of the commons, which is nothing but its data. */
export function addMessage(kinds: Kinds, bytes: number, times = 1): void {
  kinds.messages.count += times
  kinds.messages.data += bytes * times
}

/** Presence counts apart; joins and leaves of the commons are presence too. Annotations and operations on objects count as the messages that they are to their channel. */
function add(kinds: Kinds, event: Event, times: number): void {
  if (event.kind === 'message') {
    for (const { bytes } of event.messages) addMessage(kinds, bytes, times)
    return
  }
  if (event.kind === 'join' || event.kind === 'leave') {
    kinds.presence.count += times
    return
  }
  if (event.kind === 'objects') {
    kinds.messages.count += event.messages.length * times
    kinds.messages.data += draftsBytes(event.messages) * times
    return
  }
  const contents = contentsOf(event)
  const traffic = event.kind === 'presence' ? kinds.presence : kinds.messages
  traffic.count += contents.length * times
  for (const content of contents) traffic.data += messageSize(content) * times
}

function contentsOf(event: Event): readonly Parameters<typeof messageSize>[0][] {
  switch (event.kind) {
    case 'publication':
      return event.messages
    case 'presence':
      return event.changes
    case 'annotation':
      return event.annotations
    default:
      return []
  }
}
