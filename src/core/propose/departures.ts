/** Connections that leave presence: each is taken off, once the engine takes that, with all but what came back since. */
import type { Channel } from '../channel/channel.ts'
import type { DepartureEntry } from '../channel/entry.ts'
import type { DepartureReceipt } from '../channel/receipt.ts'
import type { Soon } from '../soon.ts'
import type { PresenceDraft } from '../types.ts'
import type { UntilTaken } from './until-taken.ts'

export type Departing = Omit<DepartureEntry, 'kind'>

/** One that the engine has yet to take. */
interface Pending {
  readonly departing: Departing
  /** What the same connection has entered since: that is there by right. */
  readonly returned: Set<string>
}

export const NOBODY_LEFT: DepartureReceipt = Object.freeze({ events: [], kept: undefined })

export class Departures {
  readonly #untilTaken: UntilTaken
  readonly #pending = new Map<Channel, Set<Pending>>()

  constructor(untilTaken: UntilTaken) {
    this.#untilTaken = untilTaken
  }

  /** @returns what was told to the channel, once that was possible */
  leave(channel: Channel, departing: Departing): Soon<DepartureReceipt> {
    const pending: Pending = { departing, returned: new Set() }
    const left = this.#untilTaken.propose(channel, () => entryOf(channel, pending))
    if (!(left instanceof Promise)) return left ?? NOBODY_LEFT
    this.#note(channel, pending)
    return left
      .finally(() => this.#forget(channel, pending))
      .then((receipt) => receipt ?? NOBODY_LEFT)
  }

  /**
   * Notes what a connection is about to enter or change, so that a leave that is still pending spares it.
   * @returns the members of whom the engine has yet to take that they left; undefined where there are none
   */
  returning(
    channel: Channel,
    connectionId: string,
    drafts: readonly PresenceDraft[],
  ): readonly string[] | undefined {
    const found = this.#pending.get(channel)
    if (!found) return undefined
    const clientIds = drafts
      .filter(({ action }) => action !== 'leave')
      .map(({ clientId }) => clientId)
    const concerned = [...found].filter(({ departing }) => departing.connectionId === connectionId)
    if (clientIds.length === 0 || concerned.length === 0) return undefined
    for (const { returned } of concerned) for (const id of clientIds) returned.add(id)
    return clientIds
  }

  #note(channel: Channel, pending: Pending): void {
    const known = this.#pending.get(channel)
    if (known) known.add(pending)
    else this.#pending.set(channel, new Set([pending]))
  }

  #forget(channel: Channel, pending: Pending): void {
    const known = this.#pending.get(channel)
    if (known?.delete(pending) === true && known.size === 0) this.#pending.delete(channel)
  }
}

/** Who is to be taken off now: members of the connection, without those that it has entered again. */
function entryOf(
  { presence }: Channel,
  { departing, returned }: Pending,
): DepartureEntry | undefined {
  if (returned.size === 0) return { kind: 'departure', ...departing }
  const all =
    departing.clientIds ??
    presence.ofConnection(departing.connectionId).map(({ clientId }) => clientId)
  const clientIds = all.filter((id) => !returned.has(id))
  return clientIds.length === 0 ? undefined : { kind: 'departure', ...departing, clientIds }
}
