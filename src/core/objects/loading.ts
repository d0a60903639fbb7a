/**
 * The objects of channels, brought into memory when somebody asks for them: most channels have none. They are kept as
 * they stand, so that those which nobody has needed for the longest time can leave memory while their channel stays.
 */
import type { Channel } from '../channel/channel.ts'
import type { ChannelRef } from '../types.ts'
import { type ChannelObjects, objectsFrom } from './channel-objects.ts'
import type { ObjectLog } from './object-log.ts'

/** Of all objects in memory, as limits measure them; they take up some times as much. */
const MAX_BYTES = 134_217_728

export class ObjectLoading {
  readonly #log: ObjectLog
  readonly #maxBytes: number
  /** Those in memory, the one first that has not been asked for the longest; with their bytes when they were. */
  readonly #loaded = new Map<Channel, number>()
  #bytes = 0

  constructor(log: ObjectLog, maxBytes = MAX_BYTES) {
    this.#log = log
    this.#maxBytes = maxBytes
  }

  /** Those of which objects are in memory. */
  channels(): Iterable<Channel> {
    return this.#loaded.keys()
  }

  /** By the last look at each. */
  get bytes(): number {
    return this.#bytes
  }

  /** @throws HistoryFault where they cannot be read now */
  of(channel: Channel): ChannelObjects {
    const objects = (channel.objects ??= this.read(channel.ref))
    this.forget(channel)
    this.#loaded.set(channel, objects.bytes)
    this.#bytes += objects.bytes
    if (this.#bytes > this.#maxBytes) this.#makeRoom(channel)
    return objects
  }

  /** The same without keeping them in memory. */
  read(ref: ChannelRef): ChannelObjects {
    return objectsFrom(this.#log.objects(ref))
  }

  /** To be told when a channel is gone. */
  forget(channel: Channel): void {
    this.#bytes -= this.#loaded.get(channel) ?? 0
    this.#loaded.delete(channel)
  }

  #makeRoom(needed: Channel): void {
    for (const channel of this.#loaded.keys()) {
      if (this.#bytes <= this.#maxBytes || channel === needed) return
      this.forget(channel)
      channel.objects = undefined
    }
  }
}
