/** Where an attachment continues: its position, and the events to send before live ones (RTL4c, RTN15). */
import type { Channel } from '../../../../core/channel/channel.ts'
import type { History } from '../../../../core/history/history.ts'
import { isPosition, positionOf } from '../../../../core/channel/position.ts'
import type { PlacedEvent, Publication } from '../../../../core/types.ts'
import { type Failure, failure } from '../../../../failure.ts'
import { type LastMessages, MAX_REWIND, lastMessages } from '../../subscription/last-messages.ts'
import type { AttachOptions, Rewind } from '../../wire/attach-params.ts'
import type { AttachFrame } from './attach-request.ts'
import type { Attached } from './attached.ts'

/** Events that are checked to tell whether the client missed anything but presence. */
const MAX_LOOKED_AT = 100

export interface Continuation {
  /** The position from which the client resumes without loss; undefined for a fresh attachment. */
  readonly resumedFrom: string | undefined
  /** In order. Some may be skipped: presence, and events whose result a later one contains. */
  readonly events: Iterable<PlacedEvent>
  /** The number of events, roughly. */
  readonly count: number
  /** The position for ATTACHED: everything up to it is in the past, or among the events. */
  readonly serial: string
  /** Why the client could not resume, or gets less than it asked for. */
  readonly failure: Failure | undefined
}

/** Resumes after a serial if the channel still has what came after it, and starts afresh otherwise. */
export function resumed(channel: Channel, serial: string): Continuation {
  // The serial is kept while the client is attached, so its form and length are checked.
  const missed = isPosition(serial) ? channel.recent.after(serial) : undefined
  if (!missed) return { ...fresh(channel), failure: failure('messages_expired') }
  // Missed presence is not replayed: the presence set is sent instead.
  const isOther = (event: PlacedEvent) => event.kind !== 'presence'
  if (missed.length < MAX_LOOKED_AT && !missed.some(isOther))
    return { ...fresh(channel), resumedFrom: serial }
  return {
    ...fresh(channel),
    resumedFrom: serial,
    events: missed,
    count: missed.length,
    // The serial stays: a client that is cut off in the middle must resume from here again.
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

/** A fresh attachment that starts with earlier messages (`rewind`). */
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

/** Bytes of rewound messages that are held in memory for a client that reads slowly. */
const MAX_HELD_BYTES = 262_144

/** Groups serials by the publication that they belong to. */
function groupsOf(serials: readonly string[]): string[][] {
  const groups: string[][] = []
  for (const serial of serials) {
    const last = groups.at(-1)
    if (last && positionOf(last[0]!) === positionOf(serial)) last.push(serial)
    else groups.push([serial])
  }
  return groups
}

/** One publication for each group. The last gets the head position: a client that has it has everything. */
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

/** Continues an attachment from what it has been sent already. */
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
  // A client that could not apply a delta repeats its ATTACH unchanged, and needs an answer (RTL18).
  if (options.delta) return false
  const isAlike =
    attached.options === options || JSON.stringify(attached.options) === JSON.stringify(options)
  return isAlike && attached.attachment.channel === channel
}
