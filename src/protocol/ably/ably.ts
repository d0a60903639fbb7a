/** The protocols that Ably's SDKs speak: realtime over WebSockets or plain requests, REST, Chat and streams. */
import { AppChannels } from '../../cluster/app-channels.ts'
import { KeyAllowances } from '../../core/access/allowance.ts'
import { ConnectionRoom } from '../../core/registry/connection-room.ts'
import { FairTurns } from '../../core/time/fair-turns.ts'
import { PAGES } from '../../core/types.ts'
import { Budget } from '../../policy/budget.ts'
import { largestText } from '../../policy/rate-limits.ts'
import type { Endpoint, Protocol, ProtocolServer, Session, SocketEndpoint } from '../protocol.ts'
import { chatRoutes } from './chat/chat-routes.ts'
import { Comet } from './comet/comet.ts'
import type { AblyCore, AblySettings } from './core.ts'
import type { ChannelParts } from './http/channel/channel-caller.ts'
import { AblyHttp, nothingThere } from './http/http.ts'
import { PROTOCOL, encode } from './realtime/encoding/encode.ts'
import { readVariant } from './realtime/encoding/variant.ts'
import { AblyRealtime, type RealtimeParts } from './realtime/realtime.ts'
import { deviceRoutes } from './rest/device-push/routes.ts'
import { PushDelivery } from './rest/device-push/delivery.ts'
import type { DevicePushParts } from './rest/device-push/parts.ts'
import { isDevicePushPath } from './rest/device-push/paths.ts'
import { restRoutes } from './rest/rest.ts'
import { answerAboutChannels } from './rest/status-routes.ts'
import { STREAM_PROTOCOL, encodeForStreams, readStreamVariant } from './stream/encode.ts'
import { streamRoutes } from './stream/stream-routes.ts'
import { Streams } from './stream/streams.ts'
import { SubscriptionLimit } from './subscription/subscription-limit.ts'

/** Body limit of requests without messages. */
const MAX_REST_BODY_BYTES = 65_536
/** Messages of one publish: as many as can have a serial at one position. */
const MAX_MESSAGES = 1000
/** The least frame limit: a frame must hold any permitted message, in any format. */
const MIN_FRAME_BYTES = 524_288
const MIN_COMET_BODY_BYTES = 1_048_576
const MIB = 1_048_576

export const ably: Protocol<AblyCore, AblyServer> = {
  name: PROTOCOL,
  formats: { [PROTOCOL]: encode, [STREAM_PROTOCOL]: encodeForStreams },
  claims: isDevicePushPath,
  notFound: nothingThere,
  make: (core) => new AblyServer(core),
}

export class AblyServer implements ProtocolServer {
  readonly realtime: AblyRealtime
  readonly endpoints: readonly (SocketEndpoint | Endpoint)[]
  readonly #core: AblyCore
  readonly #comet: Comet
  readonly #streams: Streams
  readonly #push: PushDelivery

  constructor(core: AblyCore) {
    this.#core = core
    const shared = shareParts(core)
    const { clock, config, admission } = core
    this.realtime = new AblyRealtime({ ...shared, ...realtimeParts(core) })
    this.#comet = new Comet({
      ...shared,
      ...admission,
      open: (visit) => this.realtime.connect(visit),
      maxBacklogBytes: config.maxBacklogBytes,
      // Clients send several frames in one request.
      maxBodyBytes: Math.max(MIN_COMET_BODY_BYTES, largestText(config.maxMessageBytes) * 2),
      now: () => clock.elapsed(),
    })
    this.#streams = new Streams({
      ...shared,
      ...admission,
      revocations: core.directory.revocations,
      maxBacklogBytes: config.maxBacklogBytes,
      idleMs: config.idleTimeout * 1000,
    })
    const channels: ChannelParts = {
      ...shared,
      counters: core.appCounters,
      connections: this.realtime.finder,
      appChannels: new AppChannels(core.cluster),
      limits: { maxMessageBytes: config.maxMessageBytes, maxMessages: MAX_MESSAGES },
    }
    answerAboutChannels(core.handlers, channels)
    const now = () => clock.now()
    const push: DevicePushParts = {
      ...core,
      ...channels,
      ...core.push,
      now,
      onUndelivered: core.onRefusal,
    }
    this.#push = new PushDelivery(push)
    const streaming = { ...shared, ...admission, gate: core.acts.gate, streams: this.#streams }
    const http = new AblyHttp({
      ...shared,
      routes: [
        ...restRoutes(core, channels, now),
        ...chatRoutes(channels),
        ...streamRoutes(streaming),
        ...deviceRoutes(push, this.#push),
      ],
      maxBodyBytes: MAX_REST_BODY_BYTES,
      unread: new Budget(config.answerMemoryMb * MIB),
      keys: new KeyAllowances({ perSecond: config.keyRate, burst: config.keyBurst }, clock),
    })
    this.endpoints = [this.realtime, this.#comet, http]
  }

  start(): void {
    this.#streams.start()
    this.#core.directory.onChange((appId) => this.#streams.appChanged(appId))
  }

  sessions(): readonly Session[] {
    return this.#comet.sessions
  }

  hold(): void {
    this.realtime.connections.hold()
  }

  endStreams(): void {
    this.#push.stop()
    this.#streams.stop()
  }

  stop(): void {
    this.#comet.stop()
    this.endStreams()
  }
}

/** What realtime, comet, streams and REST share. */
function shareParts(core: AblyCore) {
  return {
    ...core,
    turns: new FairTurns(),
    room: new ConnectionRoom(core.connectionPool, core.owners),
    shareOf: (appId: string) => core.owners.shareOf(appId),
    subscriptionLimit: new SubscriptionLimit([
      [PROTOCOL, readVariant],
      [STREAM_PROTOCOL, readStreamVariant],
    ]),
  }
}

function realtimeParts({
  config,
  onRefusal,
}: AblyCore): Pick<RealtimeParts, 'latencyMs' | 'limits' | 'onRefusal'> {
  return {
    latencyMs: config.sandbox ? config.sandboxLatency : 0,
    limits: realtimeLimits(config),
    // Pages of the dashboard have no app that the log should name.
    onRefusal: (why, { app, ...detail }) =>
      onRefusal(why, app === PAGES ? detail : { app, ...detail }),
  }
}

function realtimeLimits(config: AblySettings): RealtimeParts['limits'] {
  const { maxAttachments, maxBacklogBytes, maxConnections, maxMessageBytes, messageRate } = config
  return {
    maxMessageBytes,
    maxFrameBytes: Math.max(MIN_FRAME_BYTES, largestText(maxMessageBytes)),
    maxMessages: MAX_MESSAGES,
    maxAttachments,
    maxConnections,
    maxBacklogBytes,
    messageRate,
    messages: { perSecond: messageRate, burst: config.messageBurst },
    frames: { perSecond: config.frameRate, burst: config.frameBurst },
  }
}
