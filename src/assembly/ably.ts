/** Composes what Ably's SDKs speak: who they are, and the REST interface to tokens and to the channels of apps. */
import { largestText } from '../policy/limits.ts'
import type { Channels } from './channels.ts'
import type { Config } from '../config.ts'
import { KeyAllowances } from '../core/access/allowance.ts'
import type { AppCounters } from '../core/app-counters.ts'
import { type Clock, type Randomness, momentOf } from '../core/clock.ts'
import type { TimerWheel } from '../core/timer-wheel.ts'
import type { Counters } from '../core/counters.ts'
import { FairTurns } from '../core/fair-turns.ts'
import { ConnectionRoom } from '../core/connection-room.ts'
import type { Owners } from '../core/owners.ts'
import { PAGES } from '../core/types.ts'
import type { Failure, Result } from '../failure.ts'
import { Authenticator } from '../identity/authenticate.ts'
import { NativeTokens } from '../identity/native-token.ts'
import { NonceStore } from '../identity/nonce-store.ts'
import { NONCE_KEPT_MS, TokenIssuer } from '../identity/token-issuer.ts'
import { Budget } from '../policy/budget.ts'
import { chatRoutes } from '../protocol/ably/chat/chat-routes.ts'
import { annotationRoutes } from '../protocol/ably/rest/annotation-routes.ts'
import { batchRoutes } from '../protocol/ably/rest/batch-routes.ts'
import { AblyRealtime } from '../protocol/ably/realtime/realtime.ts'
import type { ChannelParts } from '../protocol/ably/http/channel/channel-call.ts'
import { channelRoutes } from '../protocol/ably/rest/channel-routes.ts'
import { messageRoutes } from '../protocol/ably/rest/message-routes.ts'
import { presenceRoutes } from '../protocol/ably/rest/presence-routes.ts'
import { PushDelivery } from '../protocol/ably/rest/devices/delivery.ts'
import { pushDeviceRoutes } from '../protocol/ably/rest/devices/device-routes.ts'
import type { PushParts } from '../protocol/ably/rest/devices/parts.ts'
import { pushPublishRoutes } from '../protocol/ably/rest/devices/publish-routes.ts'
import { pushSubscriptionRoutes } from '../protocol/ably/rest/devices/subscription-routes.ts'
import { AblyRest } from '../protocol/ably/http/http.ts'
import type { RestRoute } from '../protocol/ably/http/router.ts'
import { fillChannels } from '../protocol/ably/rest/sandbox/fixtures.ts'
import { type SandboxParts, sandboxRoutes } from '../protocol/ably/rest/sandbox/routes.ts'
import { statsRoutes } from '../protocol/ably/rest/stats-routes.ts'
import { statusRoutes } from '../protocol/ably/rest/status-routes.ts'
import { tokenRoutes } from '../protocol/ably/rest/token-routes.ts'
import { streamRoutes } from '../protocol/ably/stream/stream-routes.ts'
import { SubscriptionLimit } from '../protocol/ably/subscription/subscription-limit.ts'
import { PROTOCOL } from '../protocol/ably/realtime/encoding/encode.ts'
import { readVariant } from '../protocol/ably/realtime/encoding/variant.ts'
import { STREAM_PROTOCOL, readStreamVariant } from '../protocol/ably/stream/encode.ts'
import { Streams } from '../protocol/ably/stream/streams.ts'
import type { Doors } from '../protocol/protocol.ts'
import type { KeyUses } from '../service/key-uses.ts'
import type { AppDirectory } from '../service/live-apps.ts'
import { Sandbox } from '../service/sandbox.ts'
import type { Services } from '../service/services.ts'
import { FileNonceLog } from '../store/nonce-log.ts'

export interface AblyParts {
  readonly config: Config
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly random: Randomness
  readonly services: Services
  readonly directory: AppDirectory
  readonly keyUses: KeyUses
  readonly channels: Channels
  readonly owners: Owners
  readonly counters: Counters
  readonly doors: Doors
  readonly appCounters: AppCounters
  /** To be told when settings were changed here, so that they count at once. */
  readonly onChange: () => void
  /** Counts a request to make an app of the sandbox, and says whether the address may make another. */
  readonly mayMakeApp: SandboxParts['mayMake']
  /** Counts what making it costs beyond a request. */
  readonly chargeApp: SandboxParts['charge']
  readonly onRefusal: (why: Failure, detail: object) => void
  /** Told what whoever runs the server should know. */
  readonly onNotice: (text: string) => void
  /** Told what could not be written. */
  readonly onFault: (fault: Error) => void
  readonly onBug: (error: unknown) => void
}

/** Of requests that hold no messages. */
const MAX_REST_BODY_BYTES = 65_536
/** As many as have a serial at one position. */
const MAX_MESSAGES = 1000
/** Of one protocol message; it must hold any message that is permitted, in any format. */
const MIN_FRAME_BYTES = 524_288

export class Ably {
  readonly authenticator: Authenticator
  readonly rest: AblyRest
  readonly realtime: AblyRealtime
  readonly #streams: Streams
  readonly #turns = new FairTurns()
  readonly #subscriptionLimit = new SubscriptionLimit([
    [PROTOCOL, readVariant],
    [STREAM_PROTOCOL, readStreamVariant],
  ])
  readonly #push: PushDelivery
  readonly #nonces: NonceStore
  readonly #nonceLog: FileNonceLog | undefined
  readonly #room: ConnectionRoom
  readonly #parts: AblyParts

  constructor(parts: AblyParts) {
    this.#parts = parts
    const { clock, config, random, directory, keyUses, services } = parts
    const tokens = new NativeTokens(services.keyring, random, services.tokenOrder)
    this.authenticator = new Authenticator(directory, tokens, keyUses, clock)
    this.#nonceLog = this.#makeNonceLog()
    const nonces = new NonceStore(NONCE_KEPT_MS, undefined, this.#nonceLog)
    this.#nonces = nonces
    this.#room = new ConnectionRoom(parts.channels.connectionPool, parts.owners)
    this.realtime = this.#makeRealtime()
    this.#streams = this.#makeStreams()
    this.#push = new PushDelivery(this.#pushParts())
    this.rest = new AblyRest({
      routes: [
        ...this.#tokenRoutes(new TokenIssuer({ directory, tokens, uses: keyUses, clock, nonces })),
        ...this.#statsRoutes(),
        ...sandboxRoutes(this.#sandboxParts()),
        ...this.#channelRoutes(),
        ...this.#streamRoutes(),
        ...this.#pushRoutes(),
      ],
      appCounters: parts.appCounters,
      maxBodyBytes: MAX_REST_BODY_BYTES,
      unread: new Budget(config.answerMemoryMb * 1_048_576),
      shareOf: (appId) => parts.owners.shareOf(appId),
      turns: this.#turns,
      keys: new KeyAllowances({ perSecond: config.keyRate, burst: config.keyBurst }, clock),
      ledger: services.ledger,
      onBug: parts.onBug,
      onRefusal: parts.onRefusal,
    })
  }

  #makeRealtime(): AblyRealtime {
    const { channels, config, onRefusal, owners } = this.#parts
    return new AblyRealtime({
      ...this.#parts,
      ...channels,
      authenticator: this.authenticator,
      turns: this.#turns,
      subscriptionLimit: this.#subscriptionLimit,
      room: this.#room,
      shareOf: (appId) => owners.shareOf(appId),
      // The realm of the dashboard's pages is no app that anybody knows.
      onRefusal: (why, { app, ...detail }) =>
        onRefusal(why, app === PAGES ? detail : { app, ...detail }),
      latencyMs: config.sandbox ? config.sandboxLatency : 0,
      limits: {
        maxMessageBytes: config.maxMessageBytes,
        maxFrameBytes: Math.max(MIN_FRAME_BYTES, largestText(config.maxMessageBytes)),
        maxMessages: MAX_MESSAGES,
        maxAttachments: config.maxAttachments,
        maxConnections: config.maxConnections,
        maxBacklogBytes: config.maxBacklogBytes,
        messageRate: config.messageRate,
        messages: { perSecond: config.messageRate, burst: config.messageBurst },
        frames: { perSecond: config.frameRate, burst: config.frameBurst },
      },
    })
  }

  #makeNonceLog(): FileNonceLog | undefined {
    const { clock, onFault, services } = this.#parts
    const { folder } = services
    return folder === undefined
      ? undefined
      : new FileNonceLog({ folder, keepMs: NONCE_KEPT_MS, clock, onFault })
  }

  /** To be called once the folder is this server's, and before anybody can ask for a token. */
  restore(): void {
    this.#nonces.restore(this.#nonceLog?.read() ?? [], momentOf(this.#parts.clock))
  }

  start(): void {
    this.#streams.start()
    this.#parts.directory.onChange((appId) => this.#streams.appChanged(appId))
  }

  /** To be called when nobody asks any more. */
  async close(): Promise<void> {
    await this.#nonceLog?.close()
  }

  /** Streams end, for whoever stops listeners waits for them. */
  stop(): void {
    this.#push.stop()
    this.#streams.stop()
  }

  #makeStreams(): Streams {
    const { channels, config, directory, doors } = this.#parts
    return new Streams({
      ...this.#parts,
      ...channels,
      ...doors,
      authenticator: this.authenticator,
      revocations: directory.revocations,
      room: this.#room,
      turns: this.#turns,
      maxBacklogBytes: config.maxBacklogBytes,
      idleMs: config.idleTimeout * 1000,
    })
  }

  #streamRoutes(): RestRoute[] {
    const { channels, doors } = this.#parts
    return streamRoutes({
      ...channels,
      gate: channels.acts.gate,
      ...doors,
      authenticator: this.authenticator,
      streams: this.#streams,
      subscriptionLimit: this.#subscriptionLimit,
    })
  }

  #tokenRoutes(issuer: TokenIssuer): RestRoute[] {
    const { clock, directory, onChange, services } = this.#parts
    return tokenRoutes({
      directory,
      authenticator: this.authenticator,
      issuer,
      now: () => clock.now(),
      revoke: (appId, list) => {
        // A key may revoke only tokens that were made with it, so it is the key that does.
        const by = { kind: 'key', name: `${appId}.${list[0]?.keyId}` } as const
        services.revocations.add(appId, list, by)
        onChange()
      },
    })
  }

  #statsRoutes(): RestRoute[] {
    const { channels, clock, config, services } = this.#parts
    return statsRoutes({
      authenticator: this.authenticator,
      acts: channels.acts,
      now: () => clock.now(),
      read: (appIds, question) => services.stats.read(appIds, question),
      addFixtures: config.sandbox
        ? (appId, fixtures) => services.stats.addFixtures(appId, fixtures)
        : undefined,
    })
  }

  #channelRoutes(): RestRoute[] {
    const parts = this.#channelParts()
    return [
      ...channelRoutes(parts),
      ...messageRoutes(parts),
      ...annotationRoutes(parts),
      ...presenceRoutes(parts),
      ...batchRoutes(parts),
      ...statusRoutes(parts),
      ...chatRoutes(parts),
    ]
  }

  #pushRoutes(): RestRoute[] {
    const parts = this.#pushParts()
    return [
      ...pushDeviceRoutes(parts),
      ...pushSubscriptionRoutes(parts),
      ...pushPublishRoutes(parts, this.#push),
    ]
  }

  #pushParts(): PushParts {
    const { clock, directory, onBug, onNotice, onRefusal, services } = this.#parts
    return {
      ...this.#channelParts(),
      directory,
      devices: services.pushDevices,
      numbers: services.tokenOrder,
      subscriptions: services.pushSubscriptions,
      now: () => clock.now(),
      onNotice,
      onUndelivered: onRefusal,
      onBug,
    }
  }

  #channelParts(): ChannelParts {
    const { appCounters, channels, config } = this.#parts
    return {
      ...channels,
      authenticator: this.authenticator,
      connections: this.realtime.connections,
      counters: appCounters,
      turns: this.#turns,
      limits: { maxMessageBytes: config.maxMessageBytes, maxMessages: MAX_MESSAGES },
    }
  }

  #sandboxParts(): SandboxParts | undefined {
    const { config, services, chargeApp, mayMakeApp, onChange } = this.#parts
    if (!config.sandbox) return undefined
    const sandbox = new Sandbox(services, config)
    const known = <T>(result: Result<T>): Result<T> => {
      if (result.ok) onChange()
      return result
    }
    return {
      authenticator: this.authenticator,
      mayMake: mayMakeApp,
      charge: chargeApp,
      make: (request) => known(sandbox.add(request)),
      remove: (appId) => known(sandbox.remove(appId)),
      fill: (appId, fixtures) => fillChannels(this.#parts.channels, appId, fixtures),
    }
  }
}
