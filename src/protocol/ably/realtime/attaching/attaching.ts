/** ATTACH, DETACH and SYNC, and what a client is sent before live events (RTL4, RTL5, RTP19). */
import type { Histories } from '../../../../core/history/histories.ts'
import type { Registry } from '../../../../core/registry/registry.ts'
import type { Channel } from '../../../../core/channel/channel.ts'
import type { ChannelTime } from '../../../../core/time/channel-time.ts'
import type { FairTurns } from '../../../../core/time/fair-turns.ts'
import { readHistory } from '../../../../core/history/history.ts'
import type { IdSource } from '../../../../core/id-source.ts'
import { MODE, has } from '../../../../core/modes.ts'
import type { Objects } from '../../../../core/propose/objects.ts'
import type { Soon } from '../../../../core/soon.ts'
import type { ChannelWatcher } from '../../../../core/registry/watchers.ts'
import type { Socket } from '../../../../core/types.ts'
import { type Failure, type Result, failure, ok } from '../../../../failure.ts'
import { SharedFrames } from '../../subscription/shared-frames.ts'
import { ACTION } from '../../wire/actions.ts'
import type { QualifiedName } from '../../wire/channel-name.ts'
import { ObjectSyncs } from '../objects/object-syncs.ts'
import { MemberPages, type PageLimits, onlyPage } from '../presence/member-pages.ts'
import { type Client, refOf } from '../session/client.ts'
import {
  type AttachFrame,
  type AttachRequest,
  type AttachRequestParts,
  permittedModes,
  readAttachRequest,
} from './attach-request.ts'
import type { Attached } from './attached.ts'
import { attachedMessage } from './attached-message.ts'
import { Backlog, type BacklogStart } from './backlog.ts'
import { CatchingUp } from './catching-up.ts'
import {
  type Continuation,
  continued,
  fresh,
  isRepeated,
  resumed,
  rewound,
} from './continuation.ts'
import { AttachmentGroups } from './groups.ts'

export interface AttachingParts extends AttachRequestParts {
  readonly registry: Registry
  readonly histories: Histories
  readonly time: ChannelTime
  readonly ids: IdSource
  readonly turns: FairTurns
  readonly objects: Objects
  /** Bytes that may be queued for a slow reader before it is cut off. */
  readonly maxBacklogBytes: number
  /** Removes the members that a connection has entered from a channel. */
  readonly leave: (client: Client, name: QualifiedName) => void
  /** Called for an attachment that asks for occupancy. */
  readonly onOccupancyAsked: (client: Client, attached: Attached) => void
  readonly onBug: (error: unknown) => void
}

/** Limits of a presence page: as many members as Ably sends, and bytes that leave room for other frames. */
const MAX_PAGE_MEMBERS = 100
const MAX_PAGE_BYTES = 131_072

/** An open channel, and a permitted request to attach it. */
export interface Opened {
  readonly channel: Channel
  readonly request: AttachRequest
}

export class Attaching implements ChannelWatcher {
  readonly #parts: AttachingParts
  readonly #catchingUp: CatchingUp
  readonly #groups: AttachmentGroups
  readonly #objectSyncs: ObjectSyncs
  readonly #shared = new SharedFrames()
  readonly #page: PageLimits
  /** Clients that have asked for deltas, by their sockets. */
  readonly #deltaReaders = new WeakMap<Socket, Client>()

  constructor(parts: AttachingParts) {
    this.#parts = parts
    // The other half of the backlog limit is for live events that come meanwhile.
    const roomBytes = parts.maxBacklogBytes / 2
    this.#page = { members: MAX_PAGE_MEMBERS, bytes: Math.min(MAX_PAGE_BYTES, roomBytes) }
    this.#groups = new AttachmentGroups(parts.attachments)
    this.#objectSyncs = new ObjectSyncs({ ...parts, roomBytes })
    this.#catchingUp = new CatchingUp({
      ...parts,
      roomBytes,
      onCaughtUp: (backlog) => this.#caughtUp(backlog),
      onForgotten: (backlog) => this.#beginAnew(backlog),
    })
  }

  /** Opens the channel of an ATTACH, if the client may attach it. */
  open(client: Client, frame: AttachFrame): Soon<Result<Opened>> {
    const request = readAttachRequest(this.#parts, client, frame)
    if (!request.ok) return request
    const opened = this.#parts.registry.open(refOf(client, request.value.name))
    if (!(opened instanceof Promise))
      return opened.ok ? ok({ channel: opened.value, request: request.value }) : opened
    return opened.then((channel) => {
      if (!channel.ok) return channel
      // Permissions may have changed while the channel was being opened.
      const still = readAttachRequest(this.#parts, client, frame)
      return still.ok ? ok({ channel: channel.value, request: still.value }) : still
    })
  }

  /** @param opened the answer of `open` */
  attach(client: Client, frame: AttachFrame, opened: Result<Opened>): void {
    if (!opened.ok) return this.#refuse(client, frame.channel, opened.failure)
    const { channel, request } = opened.value
    if (request.options.delta) this.#deltaReaders.set(client.socket, client)
    // A pending batch must be delivered first, or its messages would come twice: as missed and as live.
    channel.flush()
    const attached = client.attachments.get(frame.channel)
    const from = isRepeated(attached, channel, frame, request.options)
      ? ok(continued(attached, channel))
      : readHistory(() => this.#continuation(channel, frame, request))
    const objects = readHistory(() => this.#objectSyncs.prepare(channel, request.modes))
    if (!objects.ok) return this.#refuse(client, frame.channel, objects.failure)
    if (!from.ok) return this.#refuse(client, frame.channel, from.failure)
    this.#begin(client, opened.value, from.value)
  }

  /** Always answered, because a client may not know that it is not attached (RTL5). */
  detach(client: Client, text: string): void {
    const attached = client.attachments.get(text)
    if (attached) this.#remove(client, attached)
    client.send({ action: ACTION.DETACHED, channel: text })
  }

  /** Detaches all channels because the transport is gone. Members stay present for a while. */
  release(client: Client): void {
    this.#catchingUp.release(client)
    this.#objectSyncs.release(client)
    for (const { attachment } of client.attachments.values())
      this.#parts.attachments.detach(attachment)
    client.attachments.clear()
  }

  /** To be called when the socket has drained. */
  drained(client: Client): void {
    this.#catchingUp.drained(client)
    this.#objectSyncs.drained(client)
  }

  /** Authorizes every attachment again, because the principal or a rule has changed (RTC8a). */
  review(client: Client): void {
    for (const [text, attached] of client.attachments) {
      const modes = permittedModes(this.#parts, client, attached.name, attached.options)
      if (!modes.ok) this.#refuse(client, text, modes.failure)
      else if (modes.value !== attached.attachment.modes) {
        const isNew = !has(attached.attachment.modes, MODE.objectSubscribe)
        this.#groups.update(client, attached, modes.value)
        if (isNew) this.#objectSyncs.begin(client, attached)
      }
    }
  }

  /** Sends the presence set to a client that has asked for it. */
  sync(client: Client, text: string): void {
    const attached = client.attachments.get(text)
    if (!attached || !has(attached.attachment.modes, MODE.presenceSubscribe)) return
    const { channel } = attached.attachment
    client.charge(channel.presence.size)
    // During a SYNC, one more is queued, however often the client asks.
    if (attached.backlog)
      return attached.backlog.tellMembers(() => this.#members(client, channel, text))
    const page = onlyPage(client.format, text, channel, this.#page)
    if (page !== undefined) return client.sendFrame(page)
    channel.flush()
    this.#groups.leave(client, attached)
    const members = this.#members(client, channel, text)
    const start = { members, missed: [], serial: channel.recent.head }
    this.#catchingUp.begin(this.#backlog(client, attached, start))
  }

  /** Without echo, the client lacks its own publication and cannot apply a delta against it. */
  notEchoed(channel: Channel, socket: Socket): void {
    const client = this.#deltaReaders.get(socket)
    if (!client) return
    for (const attached of client.attachments.values()) {
      if (attached.attachment.channel !== channel || !attached.hasBase) continue
      attached.hasBase = false
      this.#groups.update(client, attached)
    }
  }

  #continuation(
    channel: Channel,
    { channelSerial }: AttachFrame,
    { options }: AttachRequest,
  ): Continuation {
    if (channelSerial !== undefined) return resumed(channel, channelSerial)
    const { rewind, rewindLimit = Infinity } = options
    if (!rewind || options.isResume) return fresh(channel)
    const { histories, time } = this.#parts
    const history = histories.of(channel.ref)
    return rewound(channel, history, { rewind, limit: rewindLimit, now: time.now() })
  }

  #begin(client: Client, { channel, request }: Opened, from: Continuation): void {
    const { count, events: missed, resumedFrom, serial } = from
    const { modes, options, text } = request
    client.charge(count)
    const hasPresence = has(modes, MODE.presenceSubscribe) && channel.presence.size > 0
    if (hasPresence) client.charge(channel.presence.size)
    const page = hasPresence ? onlyPage(client.format, text, channel, this.#page) : undefined
    const isLive = count === 0 && (!hasPresence || page !== undefined)
    if (isLive) {
      client.send(attachedMessage(client, request, from, { hasPresence, hasBacklog: false }))
      if (page !== undefined) client.sendFrame(page)
    }
    this.#catchingUp.cancel(client, client.attachments.get(text))
    const attached = this.#groups.attach(client, channel, request, { isLive, resumedFrom })
    if (isLive) {
      this.#objectSyncs.begin(client, attached)
      if (options.occupancy !== undefined) this.#parts.onOccupancyAsked(client, attached)
      return
    }
    const members = hasPresence ? this.#members(client, channel, text) : undefined
    const backlog = this.#backlog(client, attached, { members, missed, serial })
    const { hasMissed: hasBacklog } = backlog
    client.send(attachedMessage(client, request, from, { hasPresence, hasBacklog }))
    this.#catchingUp.begin(backlog)
    this.#objectSyncs.begin(client, attached)
  }

  #backlog(client: Client, attached: Attached, start: Omit<BacklogStart, 'shared'>): Backlog {
    return new Backlog(client, attached, { ...start, shared: this.#shared })
  }

  #members({ format }: Client, channel: Channel, text: string): MemberPages {
    return new MemberPages(format, text, channel, { ids: this.#parts.ids, limits: this.#page })
  }

  /** From now on the attachment gets live events. */
  #caughtUp({ attached, client, hasBase }: Backlog): void {
    attached.hasBase = hasBase
    this.#groups.update(client, attached)
    if (attached.options.occupancy !== undefined) this.#parts.onOccupancyAsked(client, attached)
  }

  /** The channel no longer has what the client missed: it gets ATTACHED without RESUMED, and an error (RTL12). */
  #beginAnew({ attached, client }: Backlog): void {
    const { attachment, name, options, text } = attached
    const { channel, modes } = attachment
    const from = { ...fresh(channel), failure: failure('messages_expired') }
    this.#begin(client, { channel, request: { text, name, options, modes } }, from)
  }

  #remove(client: Client, attached: Attached): void {
    const { attachment, name, text } = attached
    client.attachments.delete(text)
    this.#catchingUp.cancel(client, attached)
    this.#objectSyncs.cancel(client, attached)
    this.#parts.attachments.detach(attachment)
    const isElsewhere = client.attachments
      .values()
      .some((other) => other.attachment.channel === attachment.channel)
    if (!isElsewhere) this.#parts.leave(client, name)
  }

  /** Sends ERROR for a channel, and detaches it if it was attached (RTL14). */
  #refuse(client: Client, text: string, why: Failure): void {
    const attached = client.attachments.get(text)
    if (attached) this.#remove(client, attached)
    client.refused(why, text)
    client.send({ action: actionFor(why), channel: text, error: client.errorInfo(why) })
  }
}

/** Where a repetition may help a client is told so that it tries again by itself (RTL13b); an error ends the channel. */
function actionFor({ name }: Failure): number {
  return name === 'engine_unreachable' ? ACTION.DETACHED : ACTION.ERROR
}
