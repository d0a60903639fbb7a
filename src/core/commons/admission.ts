/** Who may come to a channel of the commons, as far as that can be decided before anybody proposes to join it. */
import { type Failure, type FailureName } from '../../failure.ts'
import {
  type ChannelFacts,
  type CommonsRules,
  type Reservation,
  type AccessDecision,
  decideJoin,
  decidePush,
  decideStay,
} from '../../policy/channel-access.ts'
import type { Keys } from '../../policy/channel-keys.ts'
import { type FoldedNames, linkedApp } from '../../policy/names.ts'
import { GUEST, type Place } from '../access/caller.ts'
import type { Gate } from '../access/gate.ts'
import type { Registry } from '../registry/registry.ts'
import { COMMONS, type ChannelRef, channelRef } from '../types.ts'
import type { Membership } from './membership.ts'
import type { CommonsShares } from './shares.ts'

export interface AdmissionParts {
  readonly registry: Registry
  readonly gate: Gate
  readonly namespaces: FoldedNames<Reservation>
  readonly rules: CommonsRules
  /** Members that a channel may have; 0 for no limit. */
  readonly maxMembers: number
  readonly shares: CommonsShares
}

/** What makes a newcomer's admission impossible whatever keys it holds. */
export type Room = Extract<
  FailureName,
  'channel_full' | 'server_full' | 'too_many_channels' | 'app_channels'
>

export class CommonsAdmission {
  readonly #parts: AdmissionParts

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  /** The channel that members of the commons know by a name: where its reservation is linked, one of that app. */
  refOf(name: string): ChannelRef {
    const appId = linkedApp(this.#parts.namespaces.match(name)?.best, name)
    return channelRef(appId ?? COMMONS, name)
  }

  /** What the policy is told about a channel. */
  facts(ref: ChannelRef): ChannelFacts {
    const channel = this.#parts.registry.channel(ref)
    return {
      match: this.#parts.namespaces.match(ref.name),
      ephemeral: channel && channel.joinedSize > 0 ? channel.ephemeral : undefined,
    }
  }

  /** Whether the limits leave room for one more; asked before the keys are looked at. */
  room(ref: ChannelRef): Room | undefined {
    const { registry, maxMembers, shares } = this.#parts
    if (!shares.hasRoomForMember(ref)) return 'server_full'
    const channel = registry.channel(ref)
    if (channel && maxMembers > 0 && channel.joinedSize >= maxMembers) return 'channel_full'
    return registry.crowding(ref)
  }

  /** Decides about a newcomer and changes nothing. The verdict holds until the next turn of the event loop. */
  admit(place: Place, presented: Keys): AccessDecision {
    const verdict = decideJoin(presented, this.facts(place.channel), this.#parts.rules)
    return this.#asGuest(place, verdict)
  }

  /** Decides about an HTTP push. */
  admitPush(place: Place, presented: Keys): AccessDecision {
    const match = this.#parts.namespaces.match(place.channel.name)
    return this.#asGuest(place, decidePush(presented, match))
  }

  /** Decides again about a member. */
  mayStay({ channel, place, presented }: Membership): AccessDecision {
    const kept = decideStay(presented, this.facts(channel.ref), this.#parts.rules)
    return this.#asGuest(place, kept)
  }

  /**
   * What the app to which a channel is linked has against guests, whatever keys they bring; undefined for a channel of
   * the commons.
   */
  guestRefusal(channel: ChannelRef, secure: boolean): Failure | undefined {
    return this.refusal({ channel, resource: channel.name, secure })
  }

  /** The same for somebody who has come. */
  refusal(place: Place): Failure | undefined {
    return place.channel.realm === COMMONS ? undefined : this.#parts.gate.enter(GUEST, place)
  }

  /** Whom the keys of a reservation let in is a guest of the app to which it is linked, if there is one. */
  #asGuest(place: Place, verdict: AccessDecision): AccessDecision {
    if (!verdict.join) return verdict
    const refusal = this.refusal(place)
    if (!refusal) return verdict
    const because = { ...verdict.because, detail: refusal.message }
    return { join: false, failure: refusal.name, because }
  }
}
