/** ATTACH and DETACH: a place on a channel, and what a client has to be told before it hears what is live (RTL4, RTL5). */
import type { AppChannel } from '../../../core/app-channel.ts'
import type { Broker } from '../../../core/broker.ts'
import type { Clock } from '../../../core/clock.ts'
import type { IdSource } from '../../../core/id-source.ts'
import { MODE, type Modes, has } from '../../../core/modes.ts'
import { type Failure, type Result, fail, ok } from '../../../failure.ts'
import { permits } from '../../../policy/capability/operations.ts'
import { ruleRefusal } from '../../../policy/channel-rule.ts'
import { ACTION, FLAG, flagsOf } from '../wire/actions.ts'
import { type AttachOptions, readAttachParams } from '../wire/attach-params.ts'
import { type QualifiedName, parseChannelName } from '../wire/channel-name.ts'
import type { ClientFrame, Params } from '../wire/frame-reader.ts'
import { framesOf } from './backlog.ts'
import { type Attached, type Client, isSilent, operationsOn, refOf } from './client.ts'
import { type Continuation, fresh, resumed, rewound } from './continuity.ts'
import { formatsOf } from './reading.ts'
import { kindFault, modesPermitted } from './rights.ts'
import { sendMembers } from './sync.ts'

export interface AttachingParts {
  readonly broker: Broker
  readonly clock: Clock
  readonly ids: IdSource
  /** Channels that one connection may have; 0 for no limit. */
  readonly maxAttachments: number
  /** Takes what a connection has entered off a channel. */
  readonly leave: (client: Client, name: QualifiedName) => void
  /** Told of an attachment that wants to know how many are on the channel. */
  readonly onWish: (client: Client, attached: Attached) => void
}

type AttachFrame = Extract<ClientFrame, { kind: 'attach' }>

interface Wanted {
  readonly name: QualifiedName
  readonly options: AttachOptions
  readonly modes: Modes
}

export class Attaching {
  readonly #parts: AttachingParts

  constructor(parts: AttachingParts) {
    this.#parts = parts
  }

  attach(client: Client, frame: AttachFrame): void {
    const { channel } = frame
    const wanted = this.#wanted(client, frame)
    if (!wanted.ok) return this.#refuse(client, channel, wanted.failure)
    const opened = this.#parts.broker.open(refOf(client, wanted.value.name))
    if (!opened.ok) return this.#refuse(client, channel, opened.failure)
    const home = opened.value
    // What waits to go out together must not come between what was missed and what is live.
    home.flush()
    if (isRepeated(client.attachments.get(channel), home, frame, wanted.value)) {
      const { head } = home.recent
      const from = { resumedFrom: head, events: [], serial: head, failure: undefined }
      return this.#sendAttached(client, channel, home, wanted.value, from, false)
    }
    const from = this.#continuation(home, frame, wanted.value)
    const { frames, last } = framesOf(client, { channel, home, ...wanted.value }, from.events)
    this.#sendAttached(client, channel, home, wanted.value, from, frames.length > 0)
    for (const missed of frames) client.sendFrame(missed)
    client.charge(frames.length)
    const hasBase = last !== undefined && last === home.previous
    this.#join(client, channel, home, { ...wanted.value, hasBase, resumedFrom: from.resumedFrom })
  }

  /** Always answered, because a client may not know that it is not attached (RTL5). */
  detach(client: Client, channel: string): void {
    const attached = client.attachments.get(channel)
    if (attached) this.#remove(client, channel, attached)
    client.send({ action: ACTION.DETACHED, channel })
  }

  /** The transport is gone. Who is present stays so for a while. */
  release(client: Client): void {
    for (const { place } of client.attachments.values()) this.#parts.broker.detach(place)
    client.attachments.clear()
  }

  /** Decides again about every channel, because who the client is, or a rule, has changed (RTC8a). */
  review(client: Client): void {
    for (const [channel, attached] of client.attachments) {
      const modes = this.#modes(client, attached.name, attached.options)
      const fault = modes.ok ? this.#fault(client, attached.name) : modes.failure
      if (fault) this.#refuse(client, channel, fault)
      else if (modes.ok && modes.value !== attached.place.modes)
        this.#regroup(client, channel, attached, modes.value)
    }
  }

  /** The client has asked who is present. */
  sync(client: Client, channel: string): void {
    const place = client.attachments.get(channel)?.place
    if (place && has(place.modes, MODE.presenceSubscribe))
      this.#sendMembers(client, channel, place.channel)
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
    const fault = kindFault(name) ?? this.#fault(client, name)
    if (fault) return { ok: false, failure: fault }
    const modes = this.#modes(client, name, options.value)
    if (!modes.ok) return modes
    const max = this.#parts.maxAttachments
    if (max > 0 && client.attachments.size >= max && !client.attachments.has(channel))
      return fail('too_many_attachments', `a connection can have no more than ${max} channels`)
    return ok({ name, options: options.value, modes: modes.value })
  }

  #fault(client: Client, name: QualifiedName): Failure | undefined {
    const { secure, principal } = client.connection.identified
    const isIdentified = principal.clientId !== undefined || principal.mayAssumeClientId
    return ruleRefusal(this.#parts.broker.rule(refOf(client, name)), { secure, isIdentified })
  }

  /** What is asked for as far as it is permitted; with no permission at all there is no attachment (RTL4e). */
  #modes(client: Client, name: QualifiedName, options: AttachOptions): Result<Modes> {
    const operations = operationsOn(client, name)
    const permitted = modesPermitted(operations)
    const possible = name.qualifier === 'none' ? permitted : permitted & MODE.subscribe
    if (possible === 0)
      return fail('capability_refused', 'the capability permits nothing on this channel')
    if (options.occupancy !== undefined && !permits(operations, 'channel-metadata'))
      return fail('capability_refused', 'occupancy needs the capability channel-metadata')
    return ok(options.modes & possible)
  }

  #continuation(home: AppChannel, frame: AttachFrame, { options }: Wanted): Continuation {
    if (frame.channelSerial !== undefined) return resumed(home, frame.channelSerial)
    const { rewind, rewindLimit = Infinity } = options
    if (!rewind || options.isResume) return fresh(home)
    const { broker, clock } = this.#parts
    return rewound(home, broker.history(home.ref), rewind, rewindLimit, clock.now())
  }

  #sendAttached(
    client: Client,
    channel: string,
    home: AppChannel,
    { options, modes }: Wanted,
    from: Continuation,
    hasBacklog: boolean,
  ): void {
    const hasPresence = has(modes, MODE.presenceSubscribe) && home.presence.size > 0
    client.send({
      action: ACTION.ATTACHED,
      channel,
      channelSerial: from.serial,
      flags:
        flagsOf(modes) |
        (hasPresence ? FLAG.HAS_PRESENCE : 0) |
        (hasBacklog ? FLAG.HAS_BACKLOG : 0) |
        (from.resumedFrom !== undefined ? FLAG.RESUMED : 0),
      params: options.echoed,
      error: from.failure && client.errorInfo(from.failure),
    })
    // Right after it: presence that comes before the end of this confuses SDKs (RTP18).
    if (hasPresence) this.#sendMembers(client, channel, home)
  }

  #sendMembers(client: Client, channel: string, { presence }: AppChannel): void {
    sendMembers(client, channel, presence, this.#parts.ids)
    client.charge(presence.size)
  }

  #join(
    client: Client,
    channel: string,
    home: AppChannel,
    place: Wanted & Pick<Attached, 'hasBase' | 'resumedFrom'>,
  ): void {
    const { hasBase, modes, name, options, resumedFrom } = place
    let attached = client.attachments.get(channel)
    if (attached?.place.channel === home) {
      attached.options = options
      attached.hasBase = hasBase
      attached.resumedFrom = resumedFrom
      home.restart(attached.place, resumedFrom)
      this.#regroup(client, channel, attached, modes)
    } else {
      if (attached) this.#parts.broker.detach(attached.place)
      const made = this.#parts.broker.attach(home, {
        socket: client.socket,
        connectionId: client.connection.id,
        modes,
        formats: formatsOf(client, { channel, home, name, options, modes, hasBase }),
        seenFrom: resumedFrom,
      })
      attached = { name, place: made, options, hasBase, resumedFrom }
      client.attachments.set(channel, attached)
      this.#awaitBase(client, channel, attached)
    }
    if (options.occupancy !== undefined) this.#parts.onWish(client, attached)
  }

  /** Puts an attachment into the groups that are right for it now. */
  #regroup(client: Client, channel: string, attached: Attached, modes: Modes): void {
    const { place } = attached
    const formats = formatsOf(client, { ...attached, channel, home: place.channel, modes })
    this.#parts.broker.change(place, modes, formats)
    this.#awaitBase(client, channel, attached)
  }

  /** The first message is a whole one; it is what the next can differ from. */
  #awaitBase(client: Client, channel: string, attached: Attached): void {
    if (!attached.options.delta || attached.hasBase) return
    attached.place.channel.afterNextPublication(({ connectionId }) => {
      if (client.attachments.get(channel) !== attached || attached.hasBase) return
      const isUnheard = isSilent(client, attached.options) && connectionId === client.connection.id
      attached.hasBase = !isUnheard
      this.#regroup(client, channel, attached, attached.place.modes)
    })
  }

  #remove(client: Client, channel: string, attached: Attached): void {
    client.attachments.delete(channel)
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
): boolean {
  if (channelSerial === undefined || attached?.resumedFrom !== channelSerial) return false
  // Whoever could not make anything of the first difference asks in the same words (RTL18).
  if (options.delta) return false
  const isAlike =
    attached.options === options || JSON.stringify(attached.options) === JSON.stringify(options)
  return isAlike && attached.place.channel === home
}

/** Most attachments ask for nothing special, and share what that comes to. */
const plainOptions = new Map<number, Result<AttachOptions>>()
const MAX_PLAIN = 1000

function optionsOf(named: Params, given: Params, flags: number): Result<AttachOptions> {
  if (named.size > 0 || given.size > 0)
    return readAttachParams(new Map([...named, ...given]), flags)
  const known = plainOptions.get(flags)
  if (known) return known
  const options = readAttachParams(given, flags)
  if (plainOptions.size < MAX_PLAIN) plainOptions.set(flags, options)
  return options
}
