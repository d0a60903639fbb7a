/** Decides again about members of the commons whom changed settings may concern (AC-32). */
import { NO_KEYS } from '../../policy/channel-keys.ts'
import type { Registry } from '../registry/registry.ts'
import type { Channel } from '../channel/channel.ts'
import type { CommonsAdmission } from './admission.ts'
import type { Commons } from './commons.ts'
import { membershipsHere } from './membership.ts'
import type { CommonsShares } from './shares.ts'

export interface ReviewParts {
  readonly registry: Registry
  readonly admission: CommonsAdmission
  readonly commons: Commons
  readonly shares: CommonsShares
}

export class CommonsReview {
  readonly #parts: ReviewParts

  constructor(parts: ReviewParts) {
    this.#parts = parts
  }

  /**
   * Reservations have changed.
   * @param concerns whether a channel name is touched; rare, so it may look at every channel
   */
  reservations(concerns: (channelName: string) => boolean): void {
    const { admission, registry, shares } = this.#parts
    for (const channel of registry.withMembers()) {
      const { name, realm } = channel.ref
      if (!concerns(name)) continue
      if (admission.refOf(name).realm !== realm) {
        // It was linked or unlinked: whoever comes back finds the other channel.
        this.#evictAll(channel)
        continue
      }
      if (admission.facts(channel.ref).match) channel.ephemeral = NO_KEYS
      shares.review(channel)
      this.#members(channel)
    }
  }

  /** The state of an app or a rule of it has changed. */
  app(appId: string): void {
    for (const channel of this.#parts.registry.withMembers())
      if (channel.ref.realm === appId) this.#members(channel)
  }

  #members(channel: Channel): void {
    const { admission, commons } = this.#parts
    // A decision per member: they hold different keys, and this runs only when an owner changes a rule.
    for (const membership of membershipsHere(channel)) {
      const verdict = admission.mayStay(membership)
      membership.because = verdict.because
      if (verdict.join) membership.maySend = verdict.send
      else commons.evict(membership, 'access_changed')
    }
  }

  #evictAll(channel: Channel): void {
    for (const membership of membershipsHere(channel))
      this.#parts.commons.evict(membership, 'access_changed')
  }
}
