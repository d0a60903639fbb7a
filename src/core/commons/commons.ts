/** What members of the commons do: join, send, leave. Whether they may has been decided at the gate. */
import { type Failure, type Result, fail, failure, ok } from '../../failure.ts'
import type { CommonsRules, AccessDecision } from '../../policy/channel-access.ts'
import type { Acts } from '../access/acts.ts'
import { GUEST, type Place } from '../access/caller.ts'
import type { AppCount, AppCounters } from '../counting/app-counters.ts'
import { addMessage } from '../counting/app-traffic.ts'
import type { Attachments } from '../delivery/attachments.ts'
import type { Registry } from '../registry/registry.ts'
import type { Channel } from '../channel/channel.ts'
import type { Counters } from '../counting/counters.ts'
import { type JoinEntry, NO_SOCKET } from '../channel/entry.ts'
import type { Receipt } from '../channel/receipt.ts'
import type { Fanout } from '../../fanout/fanout.ts'
import type { IdSource } from '../id-source.ts'
import type { UntilTaken } from '../propose/until-taken.ts'
import { type Soon, andThen } from '../soon.ts'
import { COMMONS, type ChannelRef, type Message } from '../types.ts'
import type { CommonsAdmission } from './admission.ts'
import { guestDraft } from './guests.ts'
import type { Membership, Newcomer } from './membership.ts'
import { release } from './release.ts'
import type { CommonsShares } from './shares.ts'
import type { Proposals } from '../propose/proposals.ts'

export interface CommonsParts {
  readonly proposals: Proposals
  readonly untilTaken: UntilTaken
  readonly attachments: Attachments
  readonly registry: Registry
  readonly acts: Acts
  readonly admission: CommonsAdmission
  readonly fanout: Fanout
  readonly ids: IdSource
  readonly rules: CommonsRules
  readonly limits: { readonly maxMembers: number; readonly maxMessageBytes: number }
  /** What the presence set of a channel of an app may come to, guests included. */
  readonly presenceLimits: (realm: string) => JoinEntry['presence']
  readonly shares: CommonsShares
  readonly counters: Counters
  readonly appCounters: AppCounters
}

/** What `CommonsAdmission.admit` said in this same turn. */
export type Admitted = AccessDecision & { readonly join: true }

const ID_LENGTH = 12

export class Commons {
  readonly #parts: CommonsParts
  /** What the commons come to in the statistics. */
  readonly #count: AppCount

  constructor(parts: CommonsParts) {
    this.#parts = parts
    this.#count = parts.appCounters.of(COMMONS)
  }

  /**
   * Makes an admitted newcomer a member. Membership, announcement and welcome are one step, so that the newcomer's list
   * and the joins and leaves that follow fit exactly (E-12, O-1).
   * @returns why not, where the first joiner's keys or a limit say so after all
   */
  join(newcomer: Newcomer, verdict: Admitted): Soon<Result<Membership>> {
    const { registry } = this.#parts
    const opened = registry.open(newcomer.place.channel)
    return opened instanceof Promise
      ? opened.then((found) => this.#join(found, newcomer, verdict))
      : this.#join(opened, newcomer, verdict)
  }

  /**
   * Takes a member off its channel and tells the rest, as soon as the engine takes that. Safe to call twice.
   */
  leave(membership: Membership): void {
    const { channel, member } = membership
    if (release(this.#parts, membership) && !channel.isGone) this.#proposeLeave(channel, member)
  }

  /** Puts a member off its channel and tells its session why. */
  evict(membership: Membership, cause: 'access_changed' | 'disconnected'): void {
    this.leave(membership)
    membership.owner.evicted(cause)
  }

  /**
   * Whether a member may say anything at all; asked before anybody looks at what it is (AC-29).
   * @param text the whole of what it sends
   */
  maySend({ maySend }: Membership, text: string): Failure | undefined {
    if (!maySend) return failure('send_key_required')
    return isLarger(text, this.#parts.limits.maxMessageBytes)
      ? failure('message_too_large')
      : undefined
  }

  /**
   * Publishes a member's message to its channel. `maySend` has been asked in this same turn.
   * @returns why the app does not permit it whose channel it is, if so
   */
  send(membership: Membership, message: Message): Soon<Failure | undefined> {
    const { channel, place } = membership
    const except = membership.echo ? undefined : membership.socket
    if (channel.ref.realm === COMMONS) {
      addMessage(this.#count.inbound.realtime, message.bytes)
      return refusalOf(this.#parts.proposals.propose(channel, message, except ?? NO_SOCKET))
    }
    return andThen(this.#publishAsGuest(place, message, except), (published) => {
      if (!published.ok) return published.failure
      addMessage(this.#parts.appCounters.of(channel.ref.realm).inbound.realtime, message.bytes)
      return undefined
    })
  }

  /**
   * Sends a message to one member of the sender's channel. `maySend` has been asked in this same turn.
   * @returns `recipient_unknown` where there is no such member
   */
  sendDirect(membership: Membership, to: string, message: Message): Soon<Failure | undefined> {
    const { admission, counters, proposals } = this.#parts
    const refusal = admission.refusal(membership.place)
    if (refusal) return refusal
    const entry = { kind: 'direct' as const, to, message }
    return andThen(refusalOf(proposals.propose(membership.channel, entry, NO_SOCKET)), (why) => {
      if (why) return why
      counters.messagesDirect++
      const { inbound, outbound } = this.#count
      addMessage(inbound.realtime, message.bytes)
      addMessage(outbound.realtime, message.bytes)
      return undefined
    })
  }

  /**
   * Publishes on behalf of no connection. A channel with nobody on it is not created (H-4).
   * @returns how many connections it was handed to
   */
  push(place: Place, message: Message): Soon<Result<number>> {
    const { appCounters, counters, limits } = this.#parts
    if (message.bytes > limits.maxMessageBytes) return fail('message_too_large')
    return andThen(this.#push(place, message), (pushed) => {
      if (!pushed.ok) return pushed
      counters.messagesPushed++
      addMessage(appCounters.of(place.channel.realm).inbound.rest, message.bytes)
      return ok(this.#readers(place.channel))
    })
  }

  #join(opened: Result<Channel>, newcomer: Newcomer, verdict: Admitted): Soon<Result<Membership>> {
    if (!opened.ok) return opened
    const channel = opened.value
    const { limits, presenceLimits, proposals, registry, rules } = this.#parts
    const { member, presented } = newcomer
    const entry: JoinEntry = {
      kind: 'join',
      member,
      presented,
      verdict,
      strictKeys: rules.strictKeys,
      maxMembers: limits.maxMembers,
      presence: channel.ref.realm === COMMONS ? undefined : presenceLimits(channel.ref.realm),
    }
    const answer = proposals.propose(channel, entry, newcomer)
    return andThen(answer, (joined) => {
      if (joined.ok) return answer instanceof Promise ? this.#stillAdmitted(joined) : joined
      // It may be a member all the same, now or later, and nobody would be there to leave.
      if (joined.failure.name === 'engine_unreachable') this.#proposeLeave(channel, member)
      // Nobody stays on it for whom it was opened.
      registry.settleMembers(channel)
      return joined
    })
  }

  /** What was decided before the engine was asked may be so no longer, and nobody has reviewed who was no member yet. */
  #stillAdmitted(joined: Result<Membership> & { readonly ok: true }): Result<Membership> {
    const membership = joined.value
    const { admission } = this.#parts
    const { realm, name } = membership.channel.ref
    const decision = admission.mayStay(membership)
    membership.because = decision.because
    if (decision.join) membership.maySend = decision.send
    const isLinkedSince = admission.refOf(name).realm !== realm
    if (!decision.join || isLinkedSince) this.evict(membership, 'access_changed')
    return joined
  }

  #proposeLeave(channel: Channel, { connectionId }: Membership['member']): void {
    const { ids, untilTaken } = this.#parts
    const entry = { kind: 'leave', connectionId, id: ids.next(ID_LENGTH) } as const
    void untilTaken.propose(channel, () => entry)
  }

  #push(place: Place, message: Message): Soon<Result<unknown>> {
    const { proposals, registry } = this.#parts
    if (place.channel.realm !== COMMONS) return this.#publishAsGuest(place, message, undefined)
    const channel = registry.channel(place.channel)
    return channel ? proposals.propose(channel, message, NO_SOCKET) : NOBODY_HERE
  }

  /** What a guest says, or what is pushed, on a channel that an app has: the app's rules are asked. */
  #publishAsGuest(
    place: Place,
    { bytes, sender, value }: Message,
    except: Membership['socket'] | undefined,
  ): Soon<Result<Receipt>> {
    const drafts = [guestDraft(value, sender)]
    const wish = { drafts, batchId: undefined, ephemeral: false, privileged: false, bytes }
    const source = { connectionId: sender?.connectionId, id: undefined, except }
    return this.#parts.acts.publish(GUEST, place, wish, source)
  }

  #readers(ref: ChannelRef): number {
    const channel = this.#parts.registry.channel(ref)
    return channel?.readers ?? 0
  }
}

const NOBODY_HERE: Result<unknown> = Object.freeze(ok(undefined))

function refusalOf(answer: Soon<Result<unknown>>): Soon<Failure | undefined> {
  if (answer instanceof Promise)
    return answer.then((known) => (known.ok ? undefined : known.failure))
  return answer.ok ? undefined : answer.failure
}

/** Compares in UTF-8 bytes, measuring only what could be over the limit. */
function isLarger(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes
}
