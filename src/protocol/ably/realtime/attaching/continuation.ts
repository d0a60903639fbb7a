/** From where a client goes on with a channel, and what it has to be sent before it hears what is live (RTL4c, RTN15). */
import type { Channel } from '../../../../core/channel/channel.ts'
import type { History } from '../../../../core/history/history.ts'
import { isPosition, positionOf } from '../../../../core/channel/position.ts'
import type { PlacedEvent, Publication } from '../../../../core/types.ts'
import { type Failure, failure } from '../../../../failure.ts'
import { type LastMessages, MAX_REWIND, lastMessages } from '../../subscription/last-messages.ts'
import type { AttachOptions, Rewind } from '../../wire/attach-params.ts'
import type { AttachFrame } from './attach-request.ts'
import type { Attached } from './attached.ts'

/** So many events are looked at to tell whether there is anything among them that a client has to be told. */
const MAX_LOOKED_AT = 100

export interface Continuation {
  /** Where the client was, and nothing was lost since; undefined for one that begins anew. */
  readonly resumedFrom: string | undefined
  /** In their order; some may not have to be told, as presence, or what a later one says too. */
  readonly events: Iterable<PlacedEvent>
  /** How many events there are, about. */
  readonly count: number
  /** The position of the attachment: what came until there is in the past, or among the events. */
  readonly serial: string
  /** Why the client cannot go on where it was, or gets less than it asked for. */
  readonly failure: Failure | undefined
}

/** Where the client was, if the channel can still tell what came after. */
export function resumed(channel: Channel, serial: string): Continuation {
  // What a client names is kept for as long as it is attached, so it must be what it is meant to be.
  const missed = isPosition(serial) ? channel.recent.after(serial) : undefined
  if (!missed) return { ...fresh(channel), failure: failure('messages_expired') }
  // Presence is told by who is there.
  const isOther = (event: PlacedEvent) => event.kind !== 'presence'
  if (missed.length < MAX_LOOKED_AT && !missed.some(isOther))
    return { ...fresh(channel), resumedFrom: serial }
  return {
    ...fresh(channel),
    resumedFrom: serial,
    events: missed,
    count: missed.length,
    // Whoever is cut off in the middle of what it missed has to begin there again.
    serial,
  }
}

export function fresh(channel: Channel): Continuation {
  const serial = channel.recent.head
  return {
    resumedFrom: undefined,
    events: [],
    count: 0,
    serial,
    failure: undefined,
  }
}

export interface RewindWish {
  readonly rewind: Rewind
  /** Messages that a rewind by time may have. */
  readonly limit: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** A fresh attachment that begins earlier than now. */
export function rewound(
  channel: Channel,
  history: History,
  { limit, now, rewind }: RewindWish,
): Continuation {
  const isTimed = 'ms' in rewind
  const { isCut, messages, serials } = lastMessages(history, channel.ref, {
    limit: Math.min(isTimed ? limit : rewind.count, MAX_REWIND),
    start: isTimed ? now - rewind.ms : undefined,
    maxBytes: MAX_HELD_BYTES,
  })
  const serial = channel.recent.head
  return {
    resumedFrom: undefined,
    events: publicationsOf(groupsOf(serials), messages, serial),
    count: serials.length,
    serial,
    failure: isTimed && isCut ? failure('rewind_truncated') : undefined,
  }
}

/** What a client that reads slowly may have waiting for it in memory, though it is not sent yet. */
const MAX_HELD_BYTES = 262_144

/** What was published together. */
function groupsOf(serials: readonly string[]): string[][] {
  const groups: string[][] = []
  for (const serial of serials) {
    const last = groups.at(-1)
    if (last && positionOf(last[0]!) === positionOf(serial)) last.push(serial)
    else groups.push([serial])
  }
  return groups
}

/** One for each group, the last at the head: whoever has it has everything. */
function* publicationsOf(
  groups: readonly (readonly string[])[],
  messageOf: LastMessages['messages'],
  head: string,
): Generator<Publication, undefined> {
  for (const [index, serials] of groups.entries()) {
    const messages = serials.map(messageOf).filter((message) => message !== undefined)
    const [first] = messages
    if (!first) continue
    yield {
      kind: 'publication',
      position: index === groups.length - 1 ? head : positionOf(first.serial),
      id: idOf(first),
      connectionId: first.connectionId,
      timestamp: first.timestamp,
      messages,
    }
  }
}

function idOf({ id }: Pick<Publication, 'id'>): string {
  const colon = id.lastIndexOf(':')
  return colon < 0 ? id : id.slice(0, colon)
}

/** For an attachment that goes on from what it has been sent already. */
export function continued({ backlog, resumedFrom }: Attached, channel: Channel): Continuation {
  const from = resumed(channel, backlog?.sentTo ?? channel.recent.head)
  return from.resumedFrom === undefined ? from : { ...from, resumedFrom }
}

/**
 * Whether a client asks again because the answer takes too long. It is going to get that answer and all that came
 * after it, so that what it missed would come twice. Had it got the answer, it would name a later position, or
 * want something else.
 */
export function isRepeated(
  attached: Attached | undefined,
  channel: Channel,
  { channelSerial }: AttachFrame,
  options: AttachOptions,
): attached is Attached {
  if (channelSerial === undefined || attached?.resumedFrom !== channelSerial) return false
  // Whoever could not make anything of the first delta asks in the same words (RTL18).
  if (options.delta) return false
  const isAlike =
    attached.options === options || JSON.stringify(attached.options) === JSON.stringify(options)
  return isAlike && attached.attachment.channel === channel
}
