/**
 * Frames that differ by the name of their channel alone, because readers attached it with qualifiers of their own:
 * `[?rewind=1]room`. What they have in common is written once, however many names there are.
 */
import type { Event, Frame } from '../../../core/types.ts'
import type { Format } from './format.ts'
import { writeMsgpack } from './msgpack-writer.ts'

interface Nameless {
  readonly event: Event
  /** The filtered contents of the frame; undefined for all contents of the event. */
  readonly content: unknown
  readonly frame: Frame
}

/** A small map has its length in its first byte. */
const MOST_MEMBERS = 14

export class NamedFrames {
  /** The last frame of each format, because an event is encoded for one group after the other. */
  readonly #last: { [format in Format]?: Nameless } = {}

  /** @param make gives the frame without a channel */
  of(
    { event, content, format }: { event: Event; content: unknown; format: Format },
    name: string,
    make: () => Frame,
  ): Frame {
    let last = this.#last[format]
    if (last?.event !== event || last.content !== content)
      this.#last[format] = last = { event, content, frame: make() }
    return withChannel(last.frame, name)
  }
}

function withChannel(frame: Frame, name: string): Frame {
  if (typeof frame === 'string') return `${frame.slice(0, -1)},"channel":${JSON.stringify(name)}}`
  const members = frame[0]! & 0x0f
  if (members > MOST_MEMBERS) throw new Error('a protocol message has more members than it can')
  const head = Buffer.of(0x80 | (members + 1))
  return Buffer.concat([head, frame.subarray(1), CHANNEL, writeMsgpack(name)])
}

const CHANNEL = writeMsgpack('channel')
