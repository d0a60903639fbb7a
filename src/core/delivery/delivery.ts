/** Takes each event, in the order in which channels apply them, to everybody on this node who is to hear of it. */
import type { Fanout } from '../../fanout/fanout.ts'
import type { Counters } from '../counting/counters.ts'
import type { ChannelRef, Event, Format, Frame, Publication, Socket } from '../types.ts'

/**
 * Pure: one encoding serves every reader of a variant. An event may need several frames, or none.
 * @param previous the publication before this one on the channel, for variants that say only what changed
 */
export type Encode = (
  event: Event,
  variant: string,
  previous: Publication | undefined,
  channel: ChannelRef,
) => readonly Frame[]

/** A channel, as far as what is given out on it is concerned. */
export interface Audience {
  readonly ref: ChannelRef
  /** The publication that was delivered last. */
  readonly previous: Publication | undefined
  sockets(): Iterable<Socket>
}

export interface DeliveryParts {
  readonly fanout: Fanout
  readonly encoders: ReadonlyMap<string, Encode>
  readonly counters: Counters
  /** Told of what went out, and to how many. */
  readonly onDelivered: (channel: ChannelRef, event: Event, recipients: number) => void
  /** Called with the readers of a channel of whom one is being cut off for being behind, in the same turn. */
  readonly onSlowReaders: (sockets: Iterable<Socket>) => void
}

/** Somebody who looks on: nobody on the channel notices. */
export type Onlooker = (event: Event) => void

export class Delivery {
  readonly #parts: DeliveryParts
  readonly #onlookers = new Map<string, Set<Onlooker>>()
  /** Channels on which somebody was cut off in this turn, by their keys. */
  readonly #slow = new Map<string, Audience>()

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  /**
   * Shows whatever is delivered on a channel, from now on, to somebody who is not on it.
   * @returns what ends it
   */
  watch({ key }: ChannelRef, onlooker: Onlooker): () => void {
    const onlookers = this.#onlookers.get(key) ?? new Set()
    this.#onlookers.set(key, onlookers.add(onlooker))
    return () => {
      onlookers.delete(onlooker)
      if (onlookers.size === 0 && this.#onlookers.get(key) === onlookers)
        this.#onlookers.delete(key)
    }
  }

  /** Sends an event to one socket, in order with what is delivered. */
  direct(socket: Socket, channel: ChannelRef, event: Event, { protocol, variant }: Format): void {
    const { counters, encoders, fanout, onSlowReaders } = this.#parts
    for (const frame of encoders.get(protocol)!(event, variant, undefined, channel)) {
      if (fanout.direct(socket, frame)) onSlowReaders([socket])
      counters.deliveries++
    }
  }

  /**
   * One encoding and one publish for each group, however many are in it.
   * @param except the one socket that is not to hear of it
   */
  deliver(channel: Audience, event: Event, except: Socket | undefined): void {
    const { ref } = channel
    const { fanout, encoders, counters, onDelivered } = this.#parts
    if (this.#onlookers.size > 0) this.#show(ref, event)
    const groups = fanout.groups(ref)
    if (groups.length === 0) return
    const previous = event.kind === 'publication' ? channel.previous : undefined
    let isCutOff = false
    let recipients = 0
    for (const group of groups) {
      // A member who speaks to an empty room costs neither an encoding nor a publish.
      if (except && event.kind === 'message' && !fanout.hasOthers(group, except)) {
        recipients += event.messages.length
        continue
      }
      const { protocol, variant } = group.format
      for (const frame of encoders.get(protocol)!(event, variant, previous, ref)) {
        if (fanout.deliver(group, frame, except)) isCutOff = true
        recipients += group.size
      }
    }
    counters.deliveries += recipients
    // On the commons whoever is left out is one of the recipients: the sender itself.
    const heard = except && event.kind === 'message' ? recipients - 1 : recipients
    if (heard > 0) onDelivered(ref, event, heard)
    if (isCutOff) this.#findSlowReaders(channel)
  }

  #show({ key }: ChannelRef, event: Event): void {
    for (const onlooker of this.#onlookers.get(key) ?? []) onlooker(event)
  }

  /** Once a turn, however many are cut off in it, and before they are gone: who it is, nobody tells afterwards. */
  #findSlowReaders(channel: Audience): void {
    this.#slow.set(channel.ref.key, channel)
    if (this.#slow.size > 1) return
    queueMicrotask(() => {
      const slow = [...this.#slow.values()]
      this.#slow.clear()
      for (const audience of slow) this.#parts.onSlowReaders(audience.sockets())
    })
  }
}
