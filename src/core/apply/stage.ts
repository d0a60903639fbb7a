/** The stage: where entries are applied, and the only way in which a channel changes. */
import type { At, Stage } from '../../engine/engine.ts'
import type { Result } from '../../failure.ts'
import type { Budget } from '../../policy/budget.ts'
import { Annotations } from './annotations.ts'
import { Edits } from './edits.ts'
import { type MemberParts, Members } from './members.ts'
import { ObjectCollecting } from './object-collecting.ts'
import { type ObjectChangeParts, ObjectChanges, keepWhole } from './object-changes.ts'
import { PresenceChanges } from './presence-changes.ts'
import { Publications } from './publications.ts'
import type { Newcomer } from '../commons/membership.ts'
import { type Entry, NO_SOCKET, type Origin, type Outcome, exceptOf } from '../channel/entry.ts'
import type { ObjectLoading } from '../objects/loading.ts'
import type { ObjectLog } from '../objects/object-log.ts'
import { Placement, type PlacementParts } from './placement.ts'
import type { Registry } from '../registry/registry.ts'
import type { ChannelSnapshot } from '../channel/channel-snapshot.ts'
import { type RestoreParts, restoreSnapshot, wholeSnapshot } from '../channel/snapshot.ts'
import { MutableMessages } from './mutable-messages.ts'
import { readHistory } from '../history/history.ts'
import { COMMONS, type ChannelRef, channelRef } from '../types.ts'

export interface StageParts extends Omit<MemberParts, 'presence'>, PlacementParts, RestoreParts {
  /** Of the presence members of all channels of this node. */
  readonly presenceBudget: Budget
  readonly objectLoading: ObjectLoading
  readonly objectLog: ObjectLog
}

export class ChannelStage implements Stage {
  readonly #registry: Registry
  readonly #publications: Publications
  readonly #edits: Edits
  readonly #annotations: Annotations
  readonly #ofObjects: ObjectChangeParts
  readonly #objects: ObjectChanges
  readonly #collecting: ObjectCollecting
  readonly #presence: PresenceChanges
  readonly #members: Members
  readonly #restoring: RestoreParts

  constructor(parts: StageParts) {
    const { delivery, histories, presenceBudget, registry, ruleOf, watchers } = parts
    this.#registry = registry
    const placement = new Placement(parts)
    const messages = new MutableMessages(histories)
    this.#publications = new Publications({
      placement,
      onPush: (channel, published) => {
        if (ruleOf(channel.ref).pushEnabled) watchers.pushed(channel, published)
      },
    })
    this.#edits = new Edits(placement, messages)
    this.#annotations = new Annotations(placement, messages, histories)
    this.#ofObjects = { placement, loading: parts.objectLoading, log: parts.objectLog }
    this.#objects = new ObjectChanges(this.#ofObjects)
    this.#collecting = new ObjectCollecting(this.#ofObjects)
    this.#presence = new PresenceChanges({
      placement,
      budget: presenceBudget,
      delivery,
      onSettled: (channel) => registry.settlePresence(channel),
    })
    this.#members = new Members({ ...parts, presence: this.#presence })
    this.#restoring = parts
  }

  snapshot(ref: ChannelRef): ChannelSnapshot | undefined {
    const channel = this.#registry.channel(ref)
    if (!channel) return undefined
    // What lies on the disk of this node is nothing that another one has.
    if (ref.realm !== COMMONS) readHistory(() => this.#ofObjects.loading.of(channel))
    return wholeSnapshot(channel)
  }

  restore(snapshot: ChannelSnapshot): void {
    const ref = channelRef(snapshot.realm, snapshot.name)
    if (this.#registry.channel(ref)) return
    restoreSnapshot(this.#restoring, [snapshot])
    const channel = this.#registry.channel(ref)
    if (!channel) return
    this.#presence.adopt(channel)
    if (channel.objects) keepWhole(this.#ofObjects.log, channel, channel.objects)
  }

  apply(
    ref: ChannelRef,
    entry: Entry,
    at: At,
    origin: Origin | undefined,
  ): Result<Outcome> | undefined {
    // Whoever proposes here passes the open channel itself. It may have been let go of, and opened again since.
    const channel = this.#registry.channel(ref)
    if (!channel) return undefined
    switch (entry.kind) {
      case 'publication':
        return this.#publications.apply(channel, entry, at, origin)
      case 'edit':
        return this.#edits.apply(channel, entry, at, origin)
      case 'annotation':
        return this.#annotations.apply(channel, entry, at)
      case 'objects':
        return this.#objects.apply(channel, entry, at, origin)
      case 'collection':
        return this.#collecting.apply(channel, entry, at)
      case 'presence':
        return this.#presence.change(channel, entry, at)
      case 'departure':
        return this.#presence.depart(channel, entry, at)
      case 'message':
        return this.#members.say(channel, entry, at, exceptOf(origin))
      case 'direct':
        return this.#members.tell(channel, entry, at)
      case 'join':
        return this.#members.join(channel, entry, at, newcomerOf(origin))
      case 'leave':
        return this.#members.leave(channel, entry, at)
    }
  }
}

function newcomerOf(origin: Origin | undefined): Newcomer | undefined {
  return origin !== undefined && origin !== NO_SOCKET && 'welcome' in origin ? origin : undefined
}
