/** Who is attached to channels of apps on this node, and in which groups they are. */
import type { Fanout, Group } from '../../fanout/fanout.ts'
import type { Attachment, Channel } from '../channel/channel.ts'
import type { Clock } from '../clock.ts'
import type { RuleOf } from '../history/histories.ts'
import type { Modes } from '../modes.ts'
import type { ChannelWatchers } from '../registry/watchers.ts'
import type { ChannelRef, Event, Format, Socket } from '../types.ts'
import { waitOf } from './batching.ts'
import type { Delivery } from './delivery.ts'

export interface AttachmentParts {
  readonly clock: Clock
  readonly fanout: Fanout
  readonly delivery: Delivery
  readonly ruleOf: RuleOf
  readonly watchers: ChannelWatchers
}

/** Somebody who attaches. */
export interface AttachWish {
  readonly socket: Socket
  readonly connectionId: string
  readonly modes: Modes
  /** What it reads: a group is joined for each. */
  readonly formats: readonly Format[]
  /** The position after which it has been sent everything; now, where left out. */
  readonly seenFrom?: string | undefined
}

export class Attachments {
  readonly #parts: AttachmentParts

  constructor(parts: AttachmentParts) {
    this.#parts = parts
  }

  /** The joining of groups, and nothing else: what the newcomer has to be sent before has been sent (RTL4). */
  attach(channel: Channel, wish: AttachWish): Attachment {
    const { clock, fanout, watchers } = this.#parts
    const { connectionId, modes, socket } = wish
    channel.flush()
    const attachment: Attachment = {
      channel,
      socket,
      connectionId,
      modes,
      since: clock.now(),
      seenFrom: wish.seenFrom ?? channel.recent.head,
      groups: wish.formats.map((format) => fanout.join(socket, channel.ref, format)),
    }
    channel.attach(attachment)
    channel.home.use(channel, clock.elapsed())
    watchers.occupied(channel)
    return attachment
  }

  /** Another set of modes and formats for somebody who is attached. */
  change(attachment: Attachment, modes: Modes, formats: readonly Format[]): void {
    const { fanout, watchers } = this.#parts
    const { channel, socket } = attachment
    const before = attachment.groups
    attachment.groups = formats.map(
      (format) =>
        before.find((group) => isSame(group.format, format)) ??
        fanout.join(socket, channel.ref, format),
    )
    const gone = before.filter((group) => !attachment.groups.includes(group))
    for (const group of gone) fanout.leave(socket, group)
    channel.changeModes(attachment, modes)
    watchers.occupied(channel)
  }

  /** Safe to call twice. */
  detach(attachment: Attachment): void {
    const { clock, fanout, watchers } = this.#parts
    const { channel, socket } = attachment
    if (!channel.detach(attachment)) return
    for (const group of attachment.groups) fanout.leave(socket, group)
    attachment.groups = []
    channel.home.use(channel, clock.elapsed())
    watchers.occupied(channel)
  }

  /** Those who read a channel, by what they read of it. */
  groups(ref: ChannelRef): readonly Group[] {
    return this.#parts.fanout.groups(ref)
  }

  /** Milliseconds that readers of a channel wait for more at most, where its rule makes them. */
  waitOf({ ref }: Channel): number {
    return waitOf(this.#parts.ruleOf(ref)) ?? 0
  }

  /** Gives everybody on a channel an event that has no place in its order and is not kept. */
  tell(channel: Channel, event: Event): void {
    this.#parts.delivery.deliver(channel, event, undefined)
  }
}

function isSame(a: Format, b: Format): boolean {
  return a.protocol === b.protocol && a.variant === b.variant
}
