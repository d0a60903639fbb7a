/** What the protocols of Ably's SDKs need of the server. */
import type { ChannelWatchers } from '../../core/registry/watchers.ts'
import type { Histories } from '../../core/history/histories.ts'
import type { Attachments } from '../../core/delivery/attachments.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { Handlers } from '../../cluster/handlers.ts'
import type { Acts } from '../../core/access/acts.ts'
import type { AppCounters } from '../../core/counting/app-counters.ts'
import type { Registry } from '../../core/registry/registry.ts'
import type { ChannelTime } from '../../core/time/channel-time.ts'
import type { Clock } from '../../core/clock.ts'
import type { Counters } from '../../core/counting/counters.ts'
import type { IdSource } from '../../core/id-source.ts'
import type { Owners } from '../../core/owners.ts'
import type { Pool } from '../../core/registry/pool.ts'
import type { Objects } from '../../core/propose/objects.ts'
import type { Presence } from '../../core/propose/presence.ts'
import type { Publisher } from '../../core/propose/publisher.ts'
import type { TimerWheel } from '../../core/time/timer-wheel.ts'
import type { Failure } from '../../failure.ts'
import type { Authenticator } from '../../identity/authenticate.ts'
import type { Directory } from '../../identity/directory.ts'
import type { TokenIssuer } from '../../identity/token-issuer.ts'
import type { HttpAdmission } from '../protocol.ts'
import type { MakeFinder } from './connection/live-connections.ts'
import type { Ledger } from './http/incoming-call.ts'
import type { DevicePushParts } from './rest/device-push/parts.ts'
import type { SandboxParts } from './rest/sandbox/routes.ts'
import type { StatsParts } from './rest/stats-routes.ts'
import type { TokenParts } from './rest/token-routes.ts'

export interface AblyCore {
  readonly config: AblySettings
  readonly clock: Clock
  readonly time: ChannelTime
  readonly wheel: TimerWheel
  readonly ids: IdSource
  readonly registry: Registry
  readonly attachments: Attachments
  readonly histories: Histories
  readonly watchers: ChannelWatchers
  readonly publisher: Publisher
  readonly presence: Presence
  readonly objects: Objects
  readonly acts: Acts
  /** Of connections of every protocol. */
  readonly connectionPool: Pool
  readonly owners: Owners
  readonly counters: Counters
  readonly appCounters: AppCounters
  readonly admission: HttpAdmission
  readonly directory: Directory & { onChange(listener: (appId: string) => void): () => void }
  readonly authenticator: Authenticator
  readonly issuer: TokenIssuer
  readonly revoke: TokenParts['revoke']
  readonly stats: Pick<StatsParts, 'read' | 'addFixtures'>
  /** Undefined for a server without a sandbox. */
  readonly sandbox: Omit<SandboxParts, 'authenticator' | 'fill'> | undefined
  readonly push: Pick<DevicePushParts, 'devices' | 'subscriptions' | 'numbers'>
  readonly ledger: Ledger
  readonly cluster: Cluster
  readonly handlers: Handlers
  /** Left out where there are no other nodes. */
  readonly makeFinder?: MakeFinder | undefined
  readonly onRefusal: (why: Failure, detail: object) => void
  /** Told what whoever runs the server should know. */
  readonly onNotice: (text: string) => void
  readonly onBug: (error: unknown) => void
}

/** Settings of the server, by the names of its options. */
export interface AblySettings {
  readonly answerMemoryMb: number
  readonly keyRate: number
  readonly keyBurst: number
  readonly sandbox: boolean
  readonly sandboxLatency: number
  readonly maxMessageBytes: number
  readonly maxAttachments: number
  readonly maxConnections: number
  readonly maxBacklogBytes: number
  readonly messageRate: number
  readonly messageBurst: number
  readonly frameRate: number
  readonly frameBurst: number
  /** Seconds. */
  readonly idleTimeout: number
}
