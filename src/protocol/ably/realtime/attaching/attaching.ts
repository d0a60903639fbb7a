/** ATTACH and DETACH: a place on a channel, and what a client has to be told before it hears what is live (RTL4, RTL5). */
import type { Gate } from '../../../../core/access/gate.ts'
import { readHistory } from '../../../../core/history.ts'
import type { AppChannel } from '../../../../core/app-channel.ts'
import type { Broker } from '../../../../core/broker.ts'
import type { ChannelTime } from '../../../../core/channel-time.ts'
import type { FairTurns } from '../../../../core/fair-turns.ts'
import type { IdSource } from '../../../../core/id-source.ts'
import { MODE, type Modes, has } from '../../../../core/modes.ts'
import type { Format as GroupFormat } from '../../../../core/types.ts'
import { type Failure, type Result, fail, failure, ok } from '../../../../failure.ts'
import type { MessageFilter } from '../../../../policy/message-filter.ts'
import { ACTION, FLAG, flagsOf } from '../../wire/actions.ts'
import type { AttachOptions } from '../../wire/attach-params.ts'
import { type QualifiedName, parseChannelName } from '../../wire/channel-name.ts'
import type { ClientFrame } from '../../wire/frame-reader.ts'
import type { SubscriptionLimit } from '../../subscription/subscription-limit.ts'
import type { Soon } from '../../../../core/soon.ts'
import { optionsOf } from './attach-options.ts'
import { Behind, type Beginning } from './backlog.ts'
import { CatchingUp } from './catching-up.ts'
import { type Attached, type Client, isSilent, refOf } from '../session/client.ts'
import { type Continuation, fresh, resumed, rewound } from './continuation.ts'
import { formatsOf } from './groups.ts'
import { filterOfKind } from '../../subscription/channel-filter.ts'
import { SharedFrames } from '../../subscription/shared-frames.ts'
import { MemberPages, type PageLimits, onlyPage } from '../presence/member-pages.ts'

export interface AttachingParts {
  readonly gate: Gate
  readonly broker: Broker
  readonly time: ChannelTime
  readonly ids: IdSource
  readonly turns: FairTurns
  readonly subscriptionLimit: SubscriptionLimit
  /** Channels that one connection may have; 0 for no limit. */
  readonly maxAttachments: number
  /** Bytes that may wait for a slow reader before it is cut off. */
  readonly maxBacklogBytes: number
  /** Takes what a connection has entered off a channel. */
  readonly leave: (client: Client, name: QualifiedName) => void
  /** Told of an attachment that wants to know how many are on the channel. */
  readonly onWish: (client: Client, attached: Attached) => void
  readonly onBug: (error: unknown) => void
}

/** Of a page of members: as many as Ably's have. It must leave room for other things that wait. */
const MAX_PAGE_MEMBERS = 100
const MAX_PAGE_BYTES = 131_072

type AttachFrame = Extract<ClientFrame, { kind: 'attach' }>

interface Wanted {
  readonly name: QualifiedName
  readonly options: AttachOptions
  readonly modes: Modes
}

/** A channel that is open, and what somebody wants of it who may attach it. */
export interface Opened {
  readonly home: AppChannel
  readonly wanted: Wanted
}

export class Attaching {
  readonly #parts: AttachingParts
  readonly #catchingUp: CatchingUp
  readonly #shared = new SharedFrames()
  readonly #page: PageLimits

  constructor(parts: AttachingParts) {
    this.#parts = parts
    // The other half is for what is live meanwhile.
    const roomBytes = parts.maxBacklogBytes / 2
    this.#page = { members: MAX_PAGE_MEMBERS, bytes: Math.min(MAX_PAGE_BYTES, roomBytes) }
    this.#catchingUp = new CatchingUp({
      ...parts,
      roomBytes,
      onLevel: (behind) => this.#level(behind),
      onGone: (behind) => this.#beginAnew(behind),
    })
  }

  /** Opens the channel that a client wants to attach, if it may. */
  open(client: Client, frame: AttachFrame): Soon<Result<Opened>> {
    const wanted = this.#wanted(client, frame)
    if (!wanted.ok) return wanted
    const opened = this.#parts.broker.open(refOf(client, wanted.value.name))
    if (!(opened instanceof Promise))
      return opened.ok ? ok({ home: opened.value, wanted: wanted.value }) : opened
    return opened.then((home) => {
      if (!home.ok) return home
      // What was permitted may be so no longer.
      const still = this.#wanted(client, frame)
      return still.ok ? ok({ home: home.value, wanted: still.value }) : still
    })
  }

  /** @param opened what `open` has just answered */
  attach(client: Client, frame: AttachFrame, opened: Result<Opened>): void {
    const { channel } = frame
    if (!opened.ok) return this.#refuse(client, channel, opened.failure)
    const { home, wanted } = opened.value
    // What waits to go out together must not come between what was missed and what is live.
    home.flush()
    const attached = client.attachments.get(channel)
    const from = isRepeated(attached, home, frame, wanted)
      ? ok(goingOn(attached, home))
      : readHistory(() => this.#continuation(home, frame, wanted))
    if (!from.ok) return this.#refuse(client, channel, from.failure)
    this.#begin(client, channel, home, wanted, from.value)
  }

  /** Always answered, because a client may not know that it is not attached (RTL5). */
  detach(client: Client, channel: string): void {
    const attached = client.attachments.get(channel)
    if (attached) this.#remove(client, channel, attached)
    client.send({ action: ACTION.DETACHED, channel })
  }

  /** The transport is gone. Who is present stays so for a while. */
  release(client: Client): void {
    this.#catchingUp.release(client)
    for (const { place } of client.attachments.values()) this.#parts.broker.detach(place)
    client.attachments.clear()
  }

  /** Some of what was waiting for the client has gone out. */
  drained(client: Client): void {
    this.#catchingUp.drained(client)
  }

  /** Decides again about every channel, because who the client is, or a rule, has changed (RTC8a). */
  review(client: Client): void {
    for (const [channel, attached] of client.attachments) {
      const modes = this.#modes(client, attached.name, attached.options)
      if (!modes.ok) this.#refuse(client, channel, modes.failure)
      else if (modes.value !== attached.place.modes)
        this.#regroup(client, channel, attached, modes.value)
    }
  }

  /** The client has asked who is present. */
  sync(client: Client, channel: string): void {
    const attached = client.attachments.get(channel)
    if (!attached || !has(attached.place.modes, MODE.presenceSubscribe)) return
    const { modes, channel: home } = attached.place
    client.charge(home.presence.size)
    // Who is in the middle of one list gets the other after it, however often they ask.
    if (attached.behind)
      return attached.behind.tellMembers(() => this.#members(client, channel, home))
    const page = onlyPage(client, channel, home, this.#page)
    if (page !== undefined) return client.sendFrame(page)
    home.flush()
    this.#parts.broker.change(attached.place, modes, [])
    const members = this.#members(client, channel, home)
    const beginning = { members, missed: [], serial: home.recent.head }
    this.#catchingUp.begin(this.#behind(client, channel, attached, beginning))
  }

  /** A client that has not got the last publication cannot read what differs from it. */
  missedOwn(client: Client, home: AppChannel): void {
    for (const [channel, attached] of client.attachments) {
      if (attached.place.channel !== home || !attached.hasBase) continue
      attached.hasBase = false
      this.#regroup(client, channel, attached, attached.place.modes)
    }
  }

  #wanted(client: Client, { channel, flags, params }: AttachFrame): Result<Wanted> {
    const named = parseChannelName(channel)
    if (!named.ok) return named
    const name = named.value
    const options = optionsOf(name.params, params, flags)
    if (!options.ok) return options
    const filter = filterOfKind(name)
    if (!filter.ok) return filter
    const modes = this.#modes(client, name, options.value)
    if (!modes.ok) return modes
    const max = this.#parts.maxAttachments
    if (max > 0 && client.attachments.size >= max && !client.attachments.has(channel))
      return fail('too_many_attachments', `a connection can have no more than ${max} channels`)
    const refusal = this.#readingRefusal(client, channel, name, filter.value)
    if (refusal) return { ok: false, failure: refusal }
    return ok({ name, options: options.value, modes: modes.value })
  }

  /** Under its own name anybody may read a channel. */
  #readingRefusal(
    client: Client,
    channel: string,
    name: QualifiedName,
    filter: MessageFilter | undefined,
  ): Failure | undefined {
    if (channel === name.name) return undefined
    const { broker, subscriptionLimit } = this.#parts
    return subscriptionLimit.refusal(broker.groups(refOf(client, name)), { name: channel, filter })
  }

  /** What is asked for as far as it is permitted; with no permission at all there is no attachment (RTL4e). */
  #modes(client: Client, name: QualifiedName, options: AttachOptions): Result<Modes> {
    const { secure, principal } = client.connection.identified
    const place = { channel: refOf(client, name), resource: name.resource, secure }
    return this.#parts.gate.attach(principal, place, {
      modes: options.modes,
      onlyListens: name.qualifier !== 'none',
      occupancy: options.occupancy !== undefined,
    })
  }

  #continuation(home: AppChannel, frame: AttachFrame, { options }: Wanted): Continuation {
    if (frame.channelSerial !== undefined) return resumed(home, frame.channelSerial)
    const { rewind, rewindLimit = Infinity } = options
    if (!rewind || options.isResume) return fresh(home)
    const { broker, time } = this.#parts
    return rewound(home, broker.history(home.ref), rewind, rewindLimit, time.now())
  }

  #begin(
    client: Client,
    channel: string,
    home: AppChannel,
    wanted: Wanted,
    from: Continuation,
  ): void {
    const { count, events: missed, serial } = from
    client.charge(count)
    const hasPresence = this.#hasPresence(home, wanted)
    if (hasPresence) client.charge(home.presence.size)
    const page = hasPresence ? onlyPage(client, channel, home, this.#page) : undefined
    if (count === 0 && (!hasPresence || page !== undefined)) {
      this.#sendAttached(client, channel, home, wanted, from, false)
      if (page !== undefined) client.sendFrame(page)
      const formats = formatsOf(client, { ...wanted, channel, home, hasBase: false })
      const attached = this.#join(client, channel, home, wanted, from, formats)
      this.#awaitBase(client, channel, attached)
      if (wanted.options.occupancy !== undefined) this.#parts.onWish(client, attached)
      return
    }
    const attached = this.#join(client, channel, home, wanted, from, [])
    const members = hasPresence ? this.#members(client, channel, home) : undefined
    const behind = this.#behind(client, channel, attached, { members, missed, serial })
    this.#sendAttached(client, channel, home, wanted, from, behind.hasMissed)
    this.#catchingUp.begin(behind)
  }

  #behind(
    client: Client,
    channel: string,
    attached: Attached,
    beginning: Omit<Beginning, 'shared'>,
  ): Behind {
    return new Behind(client, channel, attached, { ...beginning, shared: this.#shared })
  }

  #hasPresence(home: AppChannel, { modes }: Wanted): boolean {
    return has(modes, MODE.presenceSubscribe) && home.presence.size > 0
  }

  #members(client: Client, channel: string, home: AppChannel): MemberPages {
    return new MemberPages(client, channel, home, { ids: this.#parts.ids, limits: this.#page })
  }

  #sendAttached(
    client: Client,
    channel: string,
    home: AppChannel,
    wanted: Wanted,
    from: Continuation,
    hasBacklog: boolean,
  ): void {
    const { modes, options } = wanted
    client.send({
      action: ACTION.ATTACHED,
      channel,
      channelSerial: from.serial,
      flags:
        flagsOf(modes) |
        (this.#hasPresence(home, wanted) ? FLAG.HAS_PRESENCE : 0) |
        (hasBacklog ? FLAG.HAS_BACKLOG : 0) |
        (from.resumedFrom !== undefined ? FLAG.RESUMED : 0),
      params: options.echoed,
      error: from.failure && client.errorInfo(from.failure),
    })
  }

  /** @param formats none while something has to be sent that comes before what is live */
  #join(
    client: Client,
    channel: string,
    home: AppChannel,
    { modes, name, options }: Wanted,
    { resumedFrom }: Continuation,
    formats: readonly GroupFormat[],
  ): Attached {
    const known = client.attachments.get(channel)
    this.#catchingUp.cancel(known?.behind)
    if (known?.place.channel === home) {
      Object.assign(known, { options, resumedFrom, hasBase: false })
      home.restart(known.place, resumedFrom)
      this.#parts.broker.change(known.place, modes, formats)
      return known
    }
    if (known) this.#parts.broker.detach(known.place)
    const place = this.#parts.broker.attach(home, {
      socket: client.socket,
      connectionId: client.connection.id,
      modes,
      formats,
      seenFrom: resumedFrom,
    })
    const attached = { name, place, options, resumedFrom, hasBase: false, behind: undefined }
    client.attachments.set(channel, attached)
    return attached
  }

  /** From now on the attachment hears what is live. */
  #level({ attached, channel, client, hasBase }: Behind): void {
    attached.hasBase = hasBase
    this.#regroup(client, channel, attached, attached.place.modes)
    if (attached.options.occupancy !== undefined) this.#parts.onWish(client, attached)
  }

  /** The client was so slow that the channel has forgotten what it did not get: it is told so (RTL12). */
  #beginAnew({ attached, channel, client }: Behind): void {
    const { name, options, place } = attached
    const from = { ...fresh(place.channel), failure: failure('messages_expired') }
    this.#begin(client, channel, place.channel, { name, options, modes: place.modes }, from)
  }

  /** Puts an attachment into the groups that are right for it now. */
  #regroup(client: Client, channel: string, attached: Attached, modes: Modes): void {
    const { behind, place } = attached
    const reading = { ...attached, channel, home: place.channel, modes }
    this.#parts.broker.change(place, modes, behind ? [] : formatsOf(client, reading))
    if (!behind) this.#awaitBase(client, channel, attached)
  }

  /** The first message is a whole one; it is what the next can differ from. */
  #awaitBase(client: Client, channel: string, attached: Attached): void {
    if (!attached.options.delta || attached.hasBase) return
    const { place } = attached
    place.channel.afterNextPublication(place, ({ connectionId }) => {
      const isOver = client.attachments.get(channel) !== attached || attached.behind !== undefined
      if (isOver || attached.hasBase) return
      const isUnheard = isSilent(client, attached.options) && connectionId === client.connection.id
      attached.hasBase = !isUnheard
      this.#regroup(client, channel, attached, attached.place.modes)
    })
  }

  #remove(client: Client, channel: string, attached: Attached): void {
    client.attachments.delete(channel)
    this.#catchingUp.cancel(attached.behind)
    this.#parts.broker.detach(attached.place)
    const isElsewhere = client.attachments
      .values()
      .some(({ place }) => place.channel === attached.place.channel)
    if (!isElsewhere) this.#parts.leave(client, attached.name)
  }

  /** A channel that is refused is attached no longer (RTL14). */
  #refuse(client: Client, channel: string, why: Failure): void {
    const attached = client.attachments.get(channel)
    if (attached) this.#remove(client, channel, attached)
    client.refused(why, channel)
    client.send({ action: ACTION.ERROR, channel, error: client.errorInfo(why) })
  }
}

/** From what the attachment has been sent already. */
function goingOn({ behind, resumedFrom }: Attached, home: AppChannel): Continuation {
  const from = resumed(home, behind?.sentTo ?? home.recent.head)
  return from.resumedFrom === undefined ? from : { ...from, resumedFrom }
}

/**
 * Whether a client asks again because the answer takes too long. It is going to get that answer and all that came
 * after it, so that what it missed would come twice. Had it got the answer, it would name a later position, or
 * want something else.
 */
function isRepeated(
  attached: Attached | undefined,
  home: AppChannel,
  { channelSerial }: AttachFrame,
  { options }: Wanted,
): attached is Attached {
  if (channelSerial === undefined || attached?.resumedFrom !== channelSerial) return false
  // Whoever could not make anything of the first difference asks in the same words (RTL18).
  if (options.delta) return false
  const isAlike =
    attached.options === options || JSON.stringify(attached.options) === JSON.stringify(options)
  return isAlike && attached.place.channel === home
}
