/** Pages of what channels remember, as they were before they went into `history.db`. */
import type { Page, Slice } from '../../core/history/history.ts'
import type { Annotation, ChannelRef, KeptMessage, PresenceMessage } from '../../core/types.ts'
import { unpackAnnotation, unpackMessage, unpackPresence } from './body.ts'
import type { ChannelIds } from './channel-ids.ts'
import { type HistoryFile, KIND } from './history-file.ts'
import { entrySerialOf, publicSerial } from './place.ts'
import { type Item, Reader } from './reader.ts'

export class HistoryPages {
  readonly #ids: ChannelIds
  readonly #reader: Reader

  /** @param lag how much earlier than one before it an entry may be, in milliseconds */
  constructor(file: HistoryFile, ids: ChannelIds, lag: () => number) {
    this.#ids = ids
    this.#reader = new Reader(file, lag)
  }

  messages(channel: ChannelRef, page: Page): Slice<KeptMessage> {
    const id = this.#ids.find(channel)
    if (id === undefined) return NOTHING
    return mapped(this.#reader.entries(id, KIND.message, page), (item) =>
      unpackMessage(item.body, item),
    )
  }

  serials(channel: ChannelRef, page: Page): Slice<string> {
    const id = this.#ids.find(channel)
    return id === undefined ? NOTHING : this.#reader.serials(id, KIND.message, page)
  }

  message(channel: ChannelRef, serial: string): KeptMessage | undefined {
    const stored = this.#message(channel, serial)
    return stored && unpackMessage(stored.body, stored)
  }

  versions(channel: ChannelRef, serial: string, page: Page): Slice<KeptMessage> {
    const stored = this.#message(channel, serial)
    if (!stored) return NOTHING
    const { id, timestamp, body, isListed } = stored
    const unpack = (item: Pick<Item, 'body'>) => unpackMessage(item.body, { serial, timestamp })
    const latest = isListed === 1 ? { ...unpack(stored).version, body } : undefined
    return mapped(this.#reader.versions(id, latest, page), unpack)
  }

  presence(channel: ChannelRef, page: Page): Slice<PresenceMessage> {
    const id = this.#ids.find(channel)
    if (id === undefined) return NOTHING
    const after = page.after === undefined ? undefined : entrySerialOf(page.after)
    const { bytes, items, next } = this.#reader.entries(id, KIND.presence, page, after)
    return {
      items: items.map((item) => unpackPresence(item.body, item)),
      next: next === undefined ? undefined : publicSerial(next),
      bytes,
    }
  }

  annotations(channel: ChannelRef, messageSerial: string, page: Page): Slice<Annotation> {
    const stored = this.#message(channel, messageSerial)
    if (!stored) return NOTHING
    return mapped(this.#reader.annotations(stored.id, page), (item) =>
      unpackAnnotation(item.body, messageSerial, item),
    )
  }

  #message(channel: ChannelRef, serial: string) {
    const id = this.#ids.find(channel)
    return id === undefined ? undefined : this.#reader.message(id, serial)
  }
}

const NOTHING: Slice<never> = { items: [], next: undefined, bytes: 0 }

function mapped<T>({ items, ...rest }: Slice<Item>, unpack: (item: Item) => T): Slice<T> {
  return { items: items.map(unpack), ...rest }
}
