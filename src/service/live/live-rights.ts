/** Which channels and connections in use an account may see. */
import type { CommonsAdmission } from '../../core/commons/admission.ts'
import { COMMONS, type ChannelRef, channelRef } from '../../core/types.ts'
import type { ChannelFacts } from '../../policy/channel-access.ts'
import type { Account } from '../accounts/accounts.ts'
import type { AppService } from '../apps/apps.ts'

export interface LiveRightsParts {
  readonly admission: CommonsAdmission
  readonly apps: AppService
}

export class LiveRights {
  readonly #parts: LiveRightsParts

  constructor(parts: LiveRightsParts) {
    this.#parts = parts
  }

  /** The account whose reservation covers a channel of the commons. */
  ownerOf(name: string): string | undefined {
    return this.factsOf(channelRef(COMMONS, name)).match?.best.accountId
  }

  /** What decides about clients of the commons on a channel. */
  factsOf(ref: ChannelRef): ChannelFacts {
    return this.#parts.admission.facts(ref)
  }

  /** Whether an account may see what happens on a channel, be it in use or not; without one, everything may be seen. */
  maySee(account: Pick<Account, 'id'> | undefined, { realm, name }: ChannelRef): boolean {
    if (account === undefined) return true
    if (realm === COMMONS) return this.ownerOf(name) === account.id
    const app = this.#parts.apps.find(realm)
    return app.ok && app.value.accountId === account.id
  }

  appIds(account: Pick<Account, 'id'> | undefined): string[] {
    return this.#parts.apps.list(account).map(({ id }) => id)
  }
}
