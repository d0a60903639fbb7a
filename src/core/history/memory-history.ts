/** History in memory, for as long as the retention queue allows. */
import type { HistoryEntry, History, Page, Slice } from './history.ts'
import { takePage } from './page.ts'
import { serialAt } from '../channel/position.ts'
import { Queue, firstWhere } from './queue.ts'
import type { Rememberer, RetentionBudget, RetentionQueue } from './retention.ts'
import type { Annotation, ChannelRef, KeptMessage, PresenceMessage } from '../types.ts'

const KEPT = Promise.resolve()
/** What objects and keys cost beside their contents, roughly. */
const ENTRY_BYTES = 300
const CHANNEL_BYTES = 1000
const NOTHING: Slice<never> = Object.freeze({ items: [], next: undefined, bytes: 0 })

export class MemoryHistory implements History {
  readonly #retention: RetentionBudget
  readonly #now: () => number
  readonly #maxEntries: number
  readonly #channels = new Map<string, ChannelMemory>()

  /**
   * @param now the clock's elapsed time
   * @param maxEntries how much one channel may remember
   */
  constructor(retention: RetentionBudget, now: () => number, maxEntries: number) {
    this.#retention = retention
    this.#now = now
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#channels.size
  }

  /** @param at when they came, by the clock's elapsed time */
  append(
    channel: ChannelRef,
    entries: readonly HistoryEntry[],
    at: number = this.#now(),
  ): Promise<void> {
    let memory = this.#channels.get(channel.key)
    if (!memory) {
      const queue = this.#retention.queue(channel.realm)
      memory = new ChannelMemory(channel.realm, queue, this.#maxEntries, () =>
        this.#channels.delete(channel.key),
      )
      this.#channels.set(channel.key, memory)
    }
    for (const entry of entries) {
      // The first of a channel brings with it what the channel itself takes.
      const bytes = bytesOf(entry) + (memory.isEmpty ? CHANNEL_BYTES : 0)
      memory.add(entry)
      memory.queue.note(memory, bytes, at)
    }
    return KEPT
  }

  messages(channel: ChannelRef, page: Page): Slice<KeptMessage> {
    const memory = this.#at(channel)
    return memory ? takePage(memory.messages, MESSAGES, page) : NOTHING
  }

  serials(channel: ChannelRef, page: Page): Slice<string> {
    const { items, next } = this.messages(channel, { ...page, maxBytes: undefined })
    return { items: items.map(({ serial }) => serial), next, bytes: 0 }
  }

  message(channel: ChannelRef, serial: string): KeptMessage | undefined {
    return this.#at(channel)?.message(serial)
  }

  versions(channel: ChannelRef, serial: string, page: Page): Slice<KeptMessage> {
    return takePage(this.#at(channel)?.versions(serial) ?? [], VERSIONS, page)
  }

  presence(channel: ChannelRef, page: Page): Slice<PresenceMessage> {
    const memory = this.#at(channel)
    if (!memory) return NOTHING
    const { items, ...rest } = takePage(memory.presence, PRESENCE, page)
    return { items: items.map(({ change }) => change), ...rest }
  }

  annotations(channel: ChannelRef, messageSerial: string, page: Page): Slice<Annotation> {
    return takePage(this.#at(channel)?.annotations(messageSerial) ?? [], ANNOTATIONS, page)
  }

  forget(realm: string): void {
    this.#retention.forget(realm)
    for (const [key, memory] of this.#channels)
      if (memory.realm === realm) this.#channels.delete(key)
  }

  #at(channel: ChannelRef): ChannelMemory | undefined {
    this.#channels.get(channel.key)?.queue.expire(this.#now())
    return this.#channels.get(channel.key)
  }
}

interface PresenceEntry {
  readonly serial: string
  readonly change: PresenceMessage
}

const MESSAGES = {
  key: ({ serial }: KeptMessage) => serial,
  time: ({ timestamp }: KeptMessage) => timestamp,
  bytes: messageBytes,
}
const VERSIONS = {
  key: ({ version }: KeptMessage) => version.serial,
  time: ({ version }: KeptMessage) => version.timestamp,
  bytes: messageBytes,
}
const PRESENCE = {
  key: ({ serial }: PresenceEntry) => serial,
  time: ({ change }: PresenceEntry) => change.timestamp,
  bytes: ({ change }: PresenceEntry) => contentBytes(change),
}
const ANNOTATIONS = {
  key: ({ serial }: Annotation) => serial,
  time: ({ timestamp }: Annotation) => timestamp,
  bytes: annotationBytes,
}

/** What the queue was told of, in its order: messages and presence go by themselves, the rest with its message. */
type Noted = 'message' | 'presence' | 'attached'

class ChannelMemory implements Rememberer {
  readonly realm: string
  readonly queue: RetentionQueue
  readonly messages = new Queue<KeptMessage>()
  readonly presence = new Queue<PresenceEntry>()
  readonly #versions = new Map<string, KeptMessage[]>()
  readonly #annotations = new Map<string, Annotation[]>()
  readonly #noted = new Queue<Noted>()
  readonly #maxEntries: number
  readonly #onEmpty: () => void
  #forgottenEarly = 0

  constructor(realm: string, queue: RetentionQueue, maxEntries: number, onEmpty: () => void) {
    this.realm = realm
    this.queue = queue
    this.#maxEntries = maxEntries
    this.#onEmpty = onEmpty
  }

  get isEmpty(): boolean {
    return this.#noted.length === 0
  }

  message(serial: string): KeptMessage | undefined {
    return this.messages.at(this.#indexOf(serial))
  }

  versions(serial: string): readonly KeptMessage[] {
    const listed = this.#versions.get(serial)
    if (listed) return listed
    const message = this.message(serial)
    return message ? [message] : []
  }

  annotations(messageSerial: string): readonly Annotation[] {
    return this.#annotations.get(messageSerial) ?? []
  }

  add(entry: HistoryEntry): void {
    this.#noted.push(this.#take(entry))
    if (this.#noted.length <= this.#maxEntries) return
    this.#forgottenEarly++
    this.#drop()
  }

  forgetOldest(): void {
    if (this.#forgottenEarly > 0) this.#forgottenEarly--
    else this.#drop()
    if (this.#noted.length === 0) this.#onEmpty()
  }

  #take(entry: HistoryEntry): Noted {
    switch (entry.kind) {
      case 'message':
        this.messages.push(entry.message)
        return 'message'
      case 'presence':
        this.presence.push({ serial: this.#presenceSerial(entry.position), change: entry.change })
        return 'presence'
      case 'version':
        this.#addVersion(entry.message, entry.isListed)
        return 'attached'
      case 'annotation':
        this.#addAnnotation(entry.annotation, entry.message)
        return 'attached'
    }
  }

  #presenceSerial(position: string): string {
    let index = 0
    for (let i = this.presence.length - 1; i >= 0; i--) {
      if (!this.presence.at(i)!.serial.startsWith(position)) break
      index++
    }
    return serialAt(position, index)
  }

  #addVersion(message: KeptMessage, isListed: boolean): void {
    const at = this.#indexOf(message.serial)
    const before = this.messages.at(at)
    if (!before) return
    const listed = this.#versions.get(message.serial) ?? [before]
    if (isListed) listed.push(message)
    // An append changes the version it was made to, unless that is how the message was created.
    else if (listed.length > 1) listed[listed.length - 1] = message
    this.#versions.set(message.serial, listed)
    this.messages.set(at, message)
  }

  #addAnnotation(annotation: Annotation, message: KeptMessage | undefined): void {
    const serial = annotation.messageSerial
    const at = this.#indexOf(serial)
    if (at < 0) return
    if (message) this.messages.set(at, message)
    const known = this.#annotations.get(serial)
    if (known) known.push(annotation)
    else this.#annotations.set(serial, [annotation])
  }

  /** @returns -1 where there is none */
  #indexOf(serial: string): number {
    const index = firstWhere(this.messages, (message) => message.serial >= serial)
    return this.messages.at(index)?.serial === serial ? index : -1
  }

  #drop(): void {
    const kind = this.#noted.shift()
    if (kind === 'presence') this.presence.shift()
    if (kind !== 'message') return
    const oldest = this.messages.shift()
    if (!oldest) return
    if (this.#versions.size > 0) this.#versions.delete(oldest.serial)
    if (this.#annotations.size > 0) this.#annotations.delete(oldest.serial)
  }
}

function bytesOf(entry: HistoryEntry): number {
  switch (entry.kind) {
    case 'message':
    case 'version':
      return contentBytes(entry.message)
    case 'presence':
      return contentBytes(entry.change)
    case 'annotation':
      return annotationBytes(entry.annotation) + (entry.message?.summary?.length ?? 0)
  }
}

/** A message with what its annotations come to, which may be more than itself. */
export function messageBytes(message: KeptMessage): number {
  return contentBytes(message) + (message.summary?.length ?? 0)
}

/** Annotations are often nothing but their names. */
export function annotationBytes(annotation: Annotation): number {
  return contentBytes(annotation) + annotation.type.length
}

/** What may be in a message, a presence message or an annotation, and be large. */
interface Content extends Pick<KeptMessage, 'clientId' | 'data' | 'extras' | 'id'> {
  readonly name?: string | undefined
}

/** About what the content takes in memory. */
export function contentBytes({ clientId, data, extras, id, name }: Content): number {
  return (
    ENTRY_BYTES +
    id.length +
    (clientId?.length ?? 0) +
    (name?.length ?? 0) +
    (data?.length ?? 0) +
    (extras?.length ?? 0)
  )
}
