/** Lifecycle events of an app on its `[meta]` channels: channels and connections opened and closed. */
import type { Channel } from '../../../../core/channel/channel.ts'
import type { Registry } from '../../../../core/registry/registry.ts'
import type { ChannelWatcher } from '../../../../core/registry/watchers.ts'
import { type Publisher, ownMessage } from '../../../../core/propose/publisher.ts'
import { channelRef } from '../../../../core/types.ts'
import type { Connection } from '../connection/connection.ts'

export interface MetaParts {
  readonly registry: Registry
  readonly publisher: Publisher
}

const META = '[meta]'
const CHANNELS = `${META}channel.lifecycle`
const CONNECTIONS = `${META}connection.lifecycle`

export class LifecycleEvents implements ChannelWatcher {
  readonly #parts: MetaParts

  constructor(parts: MetaParts) {
    this.#parts = parts
  }

  opened(channel: Channel): void {
    this.#channel(channel, 'channel.opened', true)
  }

  closed(channel: Channel): void {
    this.#channel(channel, 'channel.closed', false)
  }

  connectionOpened(connection: Connection): void {
    this.#connection(connection, 'connection.opened')
  }

  connectionClosed(connection: Connection): void {
    this.#connection(connection, 'connection.closed')
  }

  #channel({ ref, occupancy: metrics }: Channel, name: string, isActive: boolean): void {
    // No lifecycle events for meta channels themselves, or each event would cause another.
    if (ref.name.startsWith(META)) return
    const details = { channelId: ref.name, name: ref.name }
    this.#say(ref.realm, CHANNELS, name, {
      ...details,
      status: { isActive, occupancy: { metrics } },
    })
  }

  #connection({ appId, id, principal }: Connection, name: string): void {
    const { clientId, keyId } = principal
    this.#say(appId, CONNECTIONS, name, { connectionId: id, clientId, keyId })
  }

  /** Publishes only if somebody is attached: without a subscriber, no event is encoded or stored. */
  #say(realm: string, channel: string, name: string, value: object): void {
    const { registry, publisher } = this.#parts
    const ref = channelRef(realm, channel)
    if ((registry.channel(ref)?.attachments.size ?? 0) === 0) return
    publisher.publish(ref, ownMessage({ name, data: JSON.stringify(value), encoding: 'json' }))
  }
}
