/** Who joins and leaves as a member of the commons, and what members say: on the commons, and as guests of an app. */
import type { At } from '../../engine/engine.ts'
import { type Failure, type Result, failure, ok } from '../../failure.ts'
import type { Fanout } from '../../fanout/fanout.ts'
import { type AccessDecision, decideJoin } from '../../policy/channel-access.ts'
import { NO_KEYS } from '../../policy/channel-keys.ts'
import type { AppCounters } from '../counting/app-counters.ts'
import type { Attachments } from '../delivery/attachments.ts'
import type { Registry } from '../registry/registry.ts'
import type { Attachment, Channel } from '../channel/channel.ts'
import type { Clock } from '../clock.ts'
import { GUEST_MODES, guestEnter } from '../commons/guests.ts'
import { type Membership, type Newcomer, isHere, totalOf } from '../commons/membership.ts'
import { release } from '../commons/release.ts'
import type { CommonsShares } from '../commons/shares.ts'
import type { Counters } from '../counting/counters.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { DirectEntry, JoinEntry, LeaveEntry } from '../channel/entry.ts'
import { COMMONS, type Message, type Socket } from '../types.ts'
import type { PresenceChanges } from './presence-changes.ts'

export interface MemberParts {
  readonly attachments: Attachments
  readonly registry: Registry
  readonly delivery: Delivery
  readonly fanout: Fanout
  readonly presence: PresenceChanges
  readonly shares: CommonsShares
  readonly counters: Counters
  readonly appCounters: AppCounters
  readonly clock: Clock
}

type Admitted = AccessDecision & { readonly join: true }

/** What is said of everything that has no outcome of its own. */
const DONE: Result<undefined> = Object.freeze(ok(undefined))

export class Members {
  readonly #parts: MemberParts

  constructor(parts: MemberParts) {
    this.#parts = parts
  }

  /** @param newcomer on the node that it has come to */
  join(
    channel: Channel,
    entry: JoinEntry,
    at: At,
    newcomer: Newcomer | undefined,
  ): Result<Membership | undefined> {
    const { member } = entry
    const full = fullness(channel, entry)
    if (full) return { ok: false, failure: full }
    const verdict = verdictOf(channel, entry)
    if (!verdict.join) return { ok: false, failure: failure(verdict.failure) }
    if (channel.joinedSize === 0) channel.ephemeral = verdict.sets ?? NO_KEYS
    // The others hear of it before the newcomer's own topic is joined, so it hears only its welcome.
    const total = totalOf(channel) + 1
    const { timestamp } = at
    const { delivery, registry } = this.#parts
    delivery.deliver(channel, { kind: 'join', member, total, timestamp }, undefined)
    const membership = newcomer && this.#settle(channel, newcomer, verdict, timestamp)
    channel.join(membership ?? { member })
    registry.settleMembers(channel)
    newcomer?.welcome(channel, timestamp)
    if (entry.presence && member.listed) this.#enter(channel, entry, entry.presence, at)
    return ok(membership)
  }

  leave(channel: Channel, { connectionId, id }: LeaveEntry, at: At): Result<undefined> {
    const joined = channel.joined?.get(connectionId)
    if (!joined) return DONE
    // Whoever asked for it has done so before, unless nobody knew that it was a member.
    if (isHere(joined)) release(this.#parts, joined)
    channel.unjoin(connectionId)
    const { delivery, presence, registry } = this.#parts
    if (channel.presenceSize > 0) {
      const entry = { kind: 'departure' as const, id, connectionId, clientIds: undefined }
      presence.depart(channel, entry, at)
    }
    registry.settleMembers(channel)
    if (channel.joinedSize === 0) return DONE
    const { member } = joined
    const total = totalOf(channel)
    const { timestamp } = at
    delivery.deliver(channel, { kind: 'leave', member, total, timestamp }, undefined)
    return DONE
  }

  say(channel: Channel, message: Message, at: At, except: Socket | undefined): Result<undefined> {
    const { timestamp } = at
    channel.meter.note(1, timestamp)
    this.#parts.delivery.deliver(
      channel,
      { kind: 'message', messages: [message], timestamp },
      except,
    )
    return DONE
  }

  tell(channel: Channel, { message, to }: DirectEntry, at: At): Result<undefined> {
    const target = channel.joined?.get(to)
    if (!target) return { ok: false, failure: failure('recipient_unknown') }
    if (!isHere(target)) return DONE
    const event = { kind: 'message' as const, messages: [message], timestamp: at.timestamp }
    this.#parts.delivery.direct(target.socket, channel.ref, event, target.group.format)
    return DONE
  }

  /** Makes somebody a member whose socket is here. */
  #settle(channel: Channel, newcomer: Newcomer, verdict: Admitted, timestamp: number): Membership {
    const { appCounters, counters, fanout, shares } = this.#parts
    const { echo, format, member, owner, place, presented, socket } = newcomer
    const membership: Membership = {
      channel,
      place,
      socket,
      member,
      owner,
      presented,
      echo,
      since: timestamp,
      maySend: verdict.send,
      because: verdict.because,
      group: fanout.join(socket, channel.ref, format),
      attachment: this.#attach(channel, newcomer),
      isOver: false,
    }
    shares.joined(channel)
    counters.joins++
    const commons = appCounters.of(COMMONS)
    commons.connections.open(place.secure)
    commons.inbound.realtime.presence.count++
    return membership
  }

  /** On a channel of an app a member counts among those who are attached. */
  #attach(channel: Channel, { member, socket }: Newcomer): Attachment | undefined {
    if (channel.ref.realm === COMMONS) return undefined
    const { connectionId } = member
    return this.#parts.attachments.attach(channel, {
      socket,
      connectionId,
      modes: GUEST_MODES,
      formats: [],
    })
  }

  /** A presence set that is full keeps nobody from being a member. */
  #enter(
    channel: Channel,
    { member }: JoinEntry,
    limits: NonNullable<JoinEntry['presence']>,
    at: At,
  ): void {
    const { connectionId } = member
    const drafts = [guestEnter(member)]
    const id = `${connectionId}:0`
    this.#parts.presence.change(channel, { kind: 'presence', drafts, id, connectionId, limits }, at)
  }
}

function fullness(channel: Channel, { maxMembers }: JoinEntry): Failure | undefined {
  return maxMembers > 0 && channel.joinedSize >= maxMembers ? failure('channel_full') : undefined
}

/** Where no reservation covers the channel, the keys of whoever came first decide: those that hold now. */
function verdictOf(
  channel: Channel,
  { presented, strictKeys, verdict }: JoinEntry,
): AccessDecision {
  if (verdict.because.reservation) return verdict
  const ephemeral = channel.joinedSize > 0 ? channel.ephemeral : undefined
  return decideJoin(presented, { match: undefined, ephemeral }, { openChannels: true, strictKeys })
}
