/** Where events of app channels go out: at once or in batches, and whole to those who have missed the beginning. */
import type { Fanout } from '../../fanout/fanout.ts'
import type { ChannelRuleSettings } from '../../policy/channel-rule.ts'
import type { Attachment, Channel } from '../channel/channel.ts'
import { AppendRollup } from './append-rollup.ts'
import { Batch, waitOf } from './batching.ts'
import type { ChannelWatchers } from '../registry/watchers.ts'
import type { Delivery } from './delivery.ts'
import type { ObjectsChange } from '../objects/operation.ts'
import type { ChannelRef, PlacedEvent, Publication, Socket } from '../types.ts'

export interface OutletParts {
  readonly delivery: Delivery
  readonly fanout: Fanout
  /** The settings of the rule that a channel falls under. */
  readonly ruleOf: (channel: ChannelRef) => ChannelRuleSettings
  readonly watchers: ChannelWatchers
}

const NOBODY: readonly Attachment[] = []

export class Outlet {
  readonly #parts: OutletParts

  constructor(parts: OutletParts) {
    this.#parts = parts
  }

  /** @param except the one socket that is not to hear of it */
  deliver(channel: Channel, event: PlacedEvent | ObjectsChange, except: Socket | undefined): void {
    if (event.kind === 'publication') return this.#publication(channel, event, except)
    // Nothing overtakes what is waiting.
    channel.flush()
    this.#parts.delivery.deliver(channel, event, except)
  }

  #publication(channel: Channel, event: Publication, except: Socket | undefined): void {
    const rule = this.#parts.ruleOf(channel.ref)
    const waitMs = waitOf(rule)
    if (waitMs !== undefined) {
      channel.rollup?.flush()
      channel.batch ??= new Batch((publication, exceptNow) =>
        this.#now(channel, publication, exceptNow),
      )
      return channel.batch.add(event, except, rule, waitMs)
    }
    channel.batch?.flush()
    if (event.continues !== undefined) return this.#append(channel, event, except)
    channel.rollup?.flush()
    this.#now(channel, event, except)
  }

  #append(channel: Channel, event: Publication, except: Socket | undefined): void {
    channel.rollup ??= new AppendRollup((publication, exceptNow) =>
      this.#now(channel, publication, exceptNow),
    )
    channel.rollup.add(event, except, event.rollupMs ?? 0)
  }

  #now(channel: Channel, event: Publication, except: Socket | undefined): void {
    const { delivery, fanout, watchers } = this.#parts
    const unprepared = unpreparedFor(channel, event, except)
    // They leave for the moment of the delivery, because a topic has no exceptions.
    for (const { groups, socket } of unprepared)
      for (const group of groups) fanout.leave(socket, group)
    delivery.deliver(channel, event, except)
    for (const attachment of unprepared) this.#whole(attachment, event)
    channel.delivered(event)
    if (except) watchers.notEchoed(channel, except)
  }

  #whole(attachment: Attachment, event: Publication): void {
    const { delivery, fanout } = this.#parts
    const { channel, socket } = attachment
    const whole: Publication = { ...event, messages: event.whole ?? event.messages }
    attachment.groups = attachment.groups.map(({ format }) => {
      delivery.direct(socket, channel.ref, whole, format)
      return fanout.join(socket, channel.ref, format)
    })
  }
}

/** Those who cannot make sense of the new part of a message, because they were not there for the rest. */
function unpreparedFor(
  channel: Channel,
  { continues }: Publication,
  except: Socket | undefined,
): readonly Attachment[] {
  if (continues === undefined || channel.newcomersSince < continues) return NOBODY
  const isUnprepared = ({ seenFrom, socket }: Attachment) =>
    seenFrom >= continues && socket !== except
  return [...channel.attachments].filter(isUnprepared)
}
