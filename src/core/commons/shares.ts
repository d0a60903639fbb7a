/** What the channels and members of the commons take up, by the shares that they count towards. */
import type { Channel } from '../channel/channel.ts'
import type { Owners } from '../owners.ts'
import type { Pool } from '../registry/pool.ts'
import { COMMONS, type ChannelRef } from '../types.ts'

export interface CommonsSharesParts {
  readonly channels: Pool
  readonly connections: Pool
  readonly owners: Pick<Owners, 'shareOf' | 'shareOfName'>
}

export class CommonsShares {
  readonly #parts: CommonsSharesParts

  constructor(parts: CommonsSharesParts) {
    this.#parts = parts
  }

  /** The share that a channel counts towards from now on. */
  keyOf({ realm, name }: ChannelRef): string {
    const { owners } = this.#parts
    return realm === COMMONS ? owners.shareOfName(name) : owners.shareOf(realm)
  }

  hasRoomForMember(ref: ChannelRef): boolean {
    const { connections } = this.#parts
    return connections.hasRoom(connections.share(this.keyOf(ref)))
  }

  joined({ share }: Channel): void {
    const { connections } = this.#parts
    connections.take(connections.share(share.key))
  }

  left({ share }: Channel): void {
    const { connections } = this.#parts
    connections.give(connections.share(share.key))
  }

  /** Moves a channel and its members to the share of the reservation that covers it now. */
  review(channel: Channel): void {
    const share = this.keyOf(channel.ref)
    if (share === channel.share.key || channel.ref.realm !== COMMONS) return
    const { channels, connections } = this.#parts
    channels.move(channel.share.key, share, 1)
    connections.move(channel.share.key, share, channel.joinedSize)
    channel.share = channels.share(share)
  }
}
