/** Channels for live pages of the dashboard: connections of the realtime protocol, opened by a session in place of a key. */
import type { ChannelWatcher } from '../core/registry/watchers.ts'
import { ownMessage } from '../core/propose/publisher.ts'
import { PAGES, channelRef } from '../core/types.ts'
import type { PageChannels } from '../dashboard/live/page-channels.ts'
import type { LiveUpdate } from '../dashboard/live/updates.ts'
import { type Failure, type Result, ok } from '../failure.ts'
import type { AppPrincipal } from '../identity/principal.ts'
import type { Capability } from '../policy/capability/capability.ts'
import { CapabilityChecker } from '../policy/capability/checker.ts'
import { operationBit } from '../policy/capability/operations.ts'
import { NO_CLAIMS } from '../policy/channel-claims.ts'
import type { AblyRealtime } from '../protocol/ably/realtime/realtime.ts'
import type { Opening, Visit } from '../protocol/protocol.ts'
import type { Channels } from './channels.ts'

export class RealtimePages implements PageChannels {
  readonly #realtime: AblyRealtime
  readonly #channels: Pick<Channels, 'watchers' | 'publisher'>

  constructor(realtime: AblyRealtime, channels: Pick<Channels, 'watchers' | 'publisher'>) {
    this.#realtime = realtime
    this.#channels = channels
  }

  open(visit: Visit, session: Result<string>): Opening {
    return this.#realtime.admit(visit, session.ok ? ok(principalOf(session.value)) : session)
  }

  expel(session: string, why: Failure): void {
    for (const connection of this.#connectionsOf(session)) connection.transport?.expel(why)
  }

  isConnected(session: string): boolean {
    for (const { transport } of this.#connectionsOf(session)) if (transport) return true
    return false
  }

  watch(onReaders: (channel: string, readers: number) => void): void {
    const watcher: ChannelWatcher = {
      occupied({ attachments, ref }) {
        if (ref.realm === PAGES) onReaders(ref.name, attachments.size)
      },
    }
    this.#channels.watchers.add(watcher)
  }

  publish(channel: string, update: LiveUpdate): void {
    const content = { name: undefined, data: JSON.stringify(update), encoding: 'json' }
    this.#channels.publisher.publish(
      channelRef(PAGES, channel),
      ownMessage(content, { ephemeral: true }),
    )
  }

  *#connectionsOf(session: string) {
    for (const connection of this.#realtime.connections.ofApp(PAGES))
      if (connection.principal.clientId === session) yield connection
  }
}

/** Ids of sessions are letters and digits only, so none of them can act as a wildcard in the pattern. */
function principalOf(session: string): AppPrincipal {
  const capability: Capability = new Map([[`${session}:*`, operationBit('subscribe')]])
  return {
    kind: 'app',
    appId: PAGES,
    keyId: 'session',
    method: 'token',
    clientId: session,
    mayAssumeClientId: false,
    capability,
    checker: new CapabilityChecker(capability),
    userClaims: NO_CLAIMS,
    publishRates: NO_CLAIMS,
  }
}
