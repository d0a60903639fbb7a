/** The realtime protocol that Ably's SDKs speak: WebSockets at `/`. */
import type { Histories } from '../../../core/history/histories.ts'
import type { Attachments } from '../../../core/delivery/attachments.ts'
import type { Acts } from '../../../core/access/acts.ts'
import type { AppCounters } from '../../../core/counting/app-counters.ts'
import type { Registry } from '../../../core/registry/registry.ts'
import type { ChannelWatchers } from '../../../core/registry/watchers.ts'
import type { ChannelTime } from '../../../core/time/channel-time.ts'
import type { Clock } from '../../../core/clock.ts'
import type { ConnectionRoom } from '../../../core/registry/connection-room.ts'
import type { Counters } from '../../../core/counting/counters.ts'
import type { FairTurns } from '../../../core/time/fair-turns.ts'
import type { IdSource } from '../../../core/id-source.ts'
import type { Objects } from '../../../core/propose/objects.ts'
import type { Presence } from '../../../core/propose/presence.ts'
import type { Publisher } from '../../../core/propose/publisher.ts'
import { channelRef } from '../../../core/types.ts'
import { type Failure, type Result, fail, failure } from '../../../failure.ts'
import type { Authenticator } from '../../../identity/authenticate.ts'
import type { RequestContext } from '../../../identity/key-check.ts'
import { type Credentials, findCredentials } from '../../../identity/credentials.ts'
import type { Directory } from '../../../identity/directory.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import { isUtf8Form } from '../../../text/form.ts'
import type { Opening, SocketEndpoint, Visit } from '../../protocol.ts'
import type { ConnectionFinder, MakeFinder } from '../connection/live-connections.ts'
import type { SubscriptionLimit } from '../subscription/subscription-limit.ts'
import { Annotating } from './publishing/annotating.ts'
import { Attaching } from './attaching/attaching.ts'
import type { RealtimeDetail } from './session/client.ts'
import { optionsOfRefused, readConnectOptions } from './session/connect-options.ts'
import { Reviews } from './connection/reviews.ts'
import type { Connection } from './connection/connection.ts'
import { Connections } from './connection/connections.ts'
import { ConnectionOverview } from './connection/overview.ts'
import { Editing } from './publishing/editing.ts'
import { ObjectChanging } from './objects/object-changing.ts'
import { PROTOCOL } from './encoding/encode.ts'
import { LifecycleEvents } from './metadata/lifecycle.ts'
import { OccupancyEvents } from './metadata/occupancy.ts'
import type { RealtimeLimits, SessionParts } from './session/parts.ts'
import { Presences } from './presence/presence.ts'
import { Publishing } from './publishing/publishing.ts'
import type { ConnectRequest } from './session/connect-request.ts'
import { RealtimeSession } from './session/session.ts'
import type { TimerWheel } from '../../../core/time/timer-wheel.ts'

export interface RealtimeParts {
  readonly clock: Clock
  readonly time: ChannelTime
  readonly wheel: TimerWheel
  readonly counters: Counters
  readonly appCounters: AppCounters
  readonly ids: IdSource
  readonly registry: Registry
  readonly attachments: Attachments
  readonly histories: Histories
  readonly watchers: ChannelWatchers
  readonly publisher: Publisher
  readonly presence: Presence
  readonly objects: Objects
  readonly acts: Acts
  readonly authenticator: Authenticator
  readonly directory: Directory & { onChange(listener: (appId: string) => void): () => void }
  /** Shared by all long work, so that many clients who resume at once do not block the event loop. */
  readonly turns: FairTurns
  readonly subscriptionLimit: SubscriptionLimit
  readonly room: ConnectionRoom
  /** The share of an app, among which the connections without a transport are divided. */
  readonly shareOf: (appId: string) => string
  /** Left out where all connections are on this node. */
  readonly makeFinder?: MakeFinder | undefined
  /** As in `SessionParts`. */
  readonly latencyMs: number
  readonly limits: RealtimeLimits & {
    readonly maxMessages: number
    /** Channels that one connection may have; 0 for no limit. */
    readonly maxAttachments: number
    /** Connections with a transport, and as many again without one; 0 for no limit. */
    readonly maxConnections: number
    /** Bytes that may be queued for a slow reader. */
    readonly maxBacklogBytes: number
  }
  readonly onRefusal: (why: Failure, detail: RealtimeDetail) => void
  readonly onBug: (error: unknown) => void
}

export class AblyRealtime implements SocketEndpoint {
  readonly name = PROTOCOL
  readonly connections: Connections
  readonly finder: ConnectionFinder<Connection>
  readonly overview: ConnectionOverview
  readonly #parts: RealtimeParts
  readonly #session: SessionParts

  constructor(parts: RealtimeParts) {
    this.#parts = parts
    const { acts, registry, watchers, clock, ids, limits, onBug } = parts
    const { wheel } = parts
    const reviews = new Reviews()
    const presences = new Presences({ ...parts, onLost: onBug })
    const meta = new LifecycleEvents(parts)
    const news = new OccupancyEvents({ ...parts, wheel })
    for (const watcher of [meta, news]) watchers.add(watcher)
    this.connections = new Connections({
      clock,
      ids,
      wheel,
      maxWaiting: limits.maxConnections,
      shareOf: parts.shareOf,
      leave: (appId, channel, id) => presences.leaveFor(channelRef(appId, channel), id),
      onOpened: (connection) => meta.connectionOpened(connection),
      onClosed: (connection) => {
        reviews.forget(connection)
        meta.connectionClosed(connection)
      },
    })
    this.finder = parts.makeFinder?.(this.connections) ?? this.connections
    this.overview = new ConnectionOverview(this.connections)
    const attaching = new Attaching({
      gate: acts.gate,
      registry,
      attachments: parts.attachments,
      histories: parts.histories,
      time: parts.time,
      ids,
      maxAttachments: limits.maxAttachments,
      maxBacklogBytes: limits.maxBacklogBytes,
      leave: (client, name) => presences.leave(client, name),
      onOccupancyAsked: (client, attached) => news.subscribe(client, attached),
      turns: parts.turns,
      subscriptionLimit: parts.subscriptionLimit,
      objects: parts.objects,
      onBug,
    })
    parts.watchers.add(attaching)
    this.#session = {
      ...parts,
      wheel,
      connections: this.connections,
      finder: this.finder,
      reviews,
      attaching,
      publishing: new Publishing({ ...parts, editing: new Editing(parts) }),
      annotating: new Annotating(parts),
      objects: new ObjectChanging(parts),
      siteCode: parts.objects.siteCode,
      presences,
    }
    parts.directory.onChange((appId) => reviews.enlist(this.connections.ofApp(appId)))
  }

  /** The home page has the same path, without an upgrade. */
  owns(path: string, isUpgrade: boolean): boolean {
    return path === '/' && isUpgrade
  }

  serve(): Response {
    return new Response(null, { status: failure('upgrade_required').status })
  }

  /** Always accepts the upgrade: SDKs treat an HTTP refusal as a network failure, and need an ERROR frame. */
  connect(visit: Visit): Opening {
    const query = new URLSearchParams(visit.query)
    const found = findCredentials(visit.request.headers, query)
    const credentials = found.ok ? found.value : NOBODY
    return this.#open(visit, query, credentials, (context) => this.#authenticate(found, context))
  }

  /** Accepts a client that another part of the server has authenticated, such as a page of the dashboard. */
  admit(visit: Visit, principal: Result<AppPrincipal>): Opening {
    return this.#open(visit, new URLSearchParams(visit.query), NOBODY, () => principal)
  }

  #open(
    { base, query: text, request, secure }: Visit,
    query: URLSearchParams,
    credentials: Credentials,
    identify: (context: RequestContext) => ConnectRequest['principal'],
  ): Opening {
    const origin = request.headers.get('origin')
    const read = isUtf8Form(text) ? readConnectOptions(query) : fail<never>('bad_query')
    const options = read.ok ? read.value : optionsOfRefused(query)
    const principal = read.ok ? identify({ secure, origin }) : read
    const connect = { options, credentials, secure, origin, base, principal }
    return (socket) => new RealtimeSession(this.#session, socket, connect)
  }

  #authenticate(found: Result<Credentials>, context: RequestContext): ConnectRequest['principal'] {
    const { authenticator, latencyMs } = this.#parts
    const decide = () => (found.ok ? authenticator.authenticate(found.value, context) : found)
    // Not before the delay: a client is not told of changes that happen while it is connecting.
    return latencyMs === 0 ? decide() : later(latencyMs).then(decide)
  }
}

const NOBODY: Credentials = { credential: undefined, clientId: undefined }

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
