/** The composition root: builds the parts, connects them, starts and stops them. No rule lives here. */
import { accessSync, constants } from 'node:fs'
import { Ably } from './ably.ts'
import { Channels } from './channels.ts'
import type { Config } from './config.ts'
import { AppCounters } from './core/app-counters.ts'
import { type Clock, type Randomness, systemClock, systemRandomness } from './core/clock.ts'
import { Counters } from './core/counters.ts'
import type { Encode } from './core/delivery.ts'
import { Dashboard } from './dashboard/dashboard.ts'
import { dismissAll } from './dismissal.ts'
import { TopicFanout } from './fanout/topics.ts'
import { logger } from './ops/logs.ts'
import { LoopDelay, Metrics } from './ops/metrics.ts'
import { Refusals, originFix } from './ops/refusals.ts'
import { proxyRanges } from './policy/address.ts'
import { isOriginAllowed } from './policy/origin.ts'
import { Comet } from './protocol/ably/comet/comet.ts'
import { PROTOCOL as ABLY, encode as encodeAbly } from './protocol/ably/realtime/encode.ts'
import { STREAM_PROTOCOL, encodeForStreams } from './protocol/ably/stream/encode.ts'
import { encode } from './protocol/itty/frames.ts'
import { ConnectionOverview } from './protocol/ably/realtime/overview.ts'
import type { Doors } from './protocol/protocol.ts'
import { IttyProtocol, PROTOCOL as ITTY } from './protocol/itty/itty.ts'
import { refusePublicSandbox } from './public-sandbox.ts'
import { RunningState } from './running-state.ts'
import { AppExpiry } from './service/app-expiry.ts'
import { ChangeWatcher } from './service/change-watcher.ts'
import { impactOf } from './service/impact.ts'
import { KeyUses } from './service/key-uses.ts'
import { AppDirectory } from './service/live-apps.ts'
import { LiveRules } from './service/live-rules.ts'
import { LiveService } from './service/live.ts'
import type { UnshownKey } from './service/root-key.ts'
import { type Services, openServices } from './service/services.ts'
import { type HistoryLog, openHistory } from './store/history/history-log.ts'
import { StatsRecorder } from './service/stats-recorder.ts'
import { signInProviders } from './sign-in-providers.ts'
import { Admission } from './transport/admission.ts'
import { Front } from './transport/front.ts'
import { type HttpApp, httpApp } from './transport/http.ts'
import { type Listeners, listen } from './transport/listen.ts'
import { Sockets } from './transport/websocket.ts'
import { VERSION } from './version.ts'

export interface RunningServer {
  /** The main listener's own address, such as `http://localhost:8080`, without the base path. */
  readonly url: string
  readonly port: number
  /** Every address that a person might want to open. */
  readonly addresses: readonly string[]
  /** The data folder; undefined where everything is in memory. */
  readonly folder: string | undefined
  /** The root key of the default app, until it has been shown. */
  readonly unshownKey: UnshownKey | undefined
  /** The one-time link by which somebody becomes the owner, while nobody is. */
  readonly claimLink: string | undefined
  /** Refuses new sockets, closes the open ones a few at a time, and lets go of everything. */
  stop(): Promise<void>
}

/** What tests replace. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: Randomness
}

const SYSTEM: Surroundings = { clock: systemClock, random: systemRandomness }

/** @throws StartError when something outside the program prevents the start */
export async function startServer(
  config: Config,
  surroundings: Surroundings = SYSTEM,
): Promise<RunningServer> {
  await refusePublicSandbox(config)
  const services = openServices(config, surroundings.clock, true)
  try {
    return await new Assembly(config, surroundings, services).start()
  } catch (error) {
    services.close()
    throw error
  }
}

const MIN_COMET_BODY_BYTES = 1_048_576

class Assembly {
  readonly #config: Config
  readonly #surroundings: Surroundings
  readonly #services: Services
  readonly #log = logger('server')
  readonly #counters = new Counters()
  readonly #appCounters = new AppCounters()
  readonly #loopDelay = new LoopDelay()
  readonly #refusals: Refusals
  readonly #admission: Admission
  readonly #sockets: Sockets
  readonly #rules: LiveRules
  readonly #apps: AppDirectory
  readonly #keyUses: KeyUses
  readonly #expiry: AppExpiry
  readonly #changes: ChangeWatcher
  readonly #stats: StatsRecorder
  readonly #history: HistoryLog
  readonly #channels: Channels
  readonly #ably: Ably
  readonly #comet: Comet
  readonly #state: RunningState
  #listeners: Listeners | undefined
  #isDraining = false
  /** Below zero, where no WebSocket is. */
  #nextSocketId = -1

  constructor(config: Config, surroundings: Surroundings, services: Services) {
    this.#config = config
    this.#surroundings = surroundings
    this.#services = services
    const refusalLog = logger('refusal')
    this.#refusals = new Refusals(this.#counters, surroundings.clock, refusalLog, config)
    this.#admission = new Admission(admissionLimits(config), surroundings.clock)
    this.#sockets = new Sockets({
      ...config,
      admission: this.#admission,
      counters: this.#counters,
      onBug: this.#onBug,
    })
    this.#rules = new LiveRules(services.store, seed(surroundings.random), (concerns) =>
      this.#channels.hub.review(concerns),
    )
    this.#apps = new AppDirectory(services.store, services.keyring, surroundings.clock)
    this.#keyUses = new KeyUses(services.store, surroundings.clock, this.#onBug)
    this.#changes = new ChangeWatcher(services.store, [this.#rules, this.#apps], this.#onBug)
    this.#expiry = new AppExpiry({
      apps: services.apps,
      directory: this.#apps,
      clock: surroundings.clock,
      onRemoved: () => this.#changes.refresh(),
      onBug: this.#onBug,
    })
    this.#stats = new StatsRecorder(
      services.store,
      this.#appCounters,
      surroundings.clock,
      this.#onBug,
    )
    this.#apps.onChange((appId) => {
      if (!this.#apps.app(appId)) this.#appCounters.forget(appId)
    })
    this.#history = this.#openHistory()
    this.#channels = this.#makeChannels()
    this.#ably = this.#makeAbly()
    this.#comet = this.#makeComet()
    this.#state = this.#makeState()
    this.#apps.onChange((appId) => {
      if (!this.#apps.app(appId)) this.#channels.broker.forget(appId)
    })
  }

  readonly #onBug = (error: unknown): void => {
    this.#log.error('unexpected error', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
  }

  async start(): Promise<RunningServer> {
    try {
      return await this.#start()
    } catch (error) {
      this.#stopTimers()
      this.#history.close()
      throw error
    }
  }

  async #start(): Promise<RunningServer> {
    await this.#channels.start()
    this.#ably.start()
    this.#history.start()
    this.#changes.start()
    this.#keyUses.start()
    this.#expiry.start()
    this.#loopDelay.start()
    const metrics = this.#makeMetrics()
    const live = this.#makeLive()
    let claimLink: string | undefined
    this.#listeners = await this.#services.claimFolder(() => {
      this.#state.restore()
      const listeners = this.#listen(live, metrics)
      this.#state.discard()
      claimLink = this.#claimLink(listeners.addresses[0]!)
      return listeners
    })
    this.#stats.start()
    const { url, port, addresses } = this.#listeners
    const { folder, rootKey } = this.#services
    const unshownKey = rootKey.unshown()
    return { url, port, addresses, folder, unshownKey, claimLink, stop: () => this.#stop() }
  }

  #makeLive(): LiveService {
    return new LiveService({
      ...this.#services,
      ...this.#channels,
      rules: this.#config,
      connections: new ConnectionOverview(this.#ably.realtime.connections),
      clock: this.#surroundings.clock,
    })
  }

  #listen(live: LiveService, metrics: Metrics): Listeners {
    return listen({
      config: this.#config,
      folder: this.#services.folder,
      front: this.#makeFront(this.#makeHttp(live, metrics), this.#makeDashboard(live)),
      sockets: this.#sockets.handlers(),
      metrics: this.#config.metricsPort === undefined ? undefined : metrics,
      control: this.#makeControl(live),
    })
  }

  #claimLink(address: string): string | undefined {
    const { accounts, links, people } = this.#services
    const owner = accounts.ensureOwner()
    links.keepAddress(address)
    return people.isUnclaimed(owner) ? links.claim(owner) : undefined
  }

  #openHistory(): HistoryLog {
    const { historyHours, historyDiskMb } = this.#config
    return openHistory(this.#services.folder, {
      hours: historyHours,
      diskMb: historyDiskMb,
      clock: this.#surroundings.clock,
      keepsLast: (channel) => this.#apps.ruleOf(channel.realm, channel.name).persistLast,
      onFault: (fault) => this.#log.error('history cannot be kept', { error: fault.message }),
    })
  }

  #makeChannels(): Channels {
    return new Channels({
      ...this.#surroundings,
      config: this.#config,
      counters: this.#counters,
      appCounters: this.#appCounters,
      fanout: new TopicFanout(() => this.#listeners!.main),
      encoders: new Map<string, Encode>([
        [ITTY, encode],
        [ABLY, encodeAbly],
        [STREAM_PROTOCOL, encodeForStreams],
      ]),
      namespaces: this.#rules.namespaces,
      ruleOf: (channel) => this.#apps.ruleOf(channel.realm, channel.name),
      maxPresenceMembers: (appId) =>
        this.#apps.app(appId)?.maxPresenceMembers ?? this.#config.maxPresenceMembers,
      log: this.#history,
      lastPosition: this.#history.latestPosition(),
      onSlowReaders: (sockets) => this.#sockets.markSlowReaders(sockets),
    })
  }

  #makeItty(): IttyProtocol {
    const { clock, random } = this.#surroundings
    const config = this.#config
    return new IttyProtocol({
      ...config,
      hub: this.#channels.hub,
      clock,
      random,
      counters: this.#counters,
      limits: {
        messages: { perSecond: config.messageRate, burst: config.messageBurst },
        maxMessageBytes: config.maxMessageBytes,
        maxWarnings: config.maxWarnings,
      },
      digest: (key) => this.#services.keyring.digest(key),
      mayPush: (visitor) => this.#admission.mayPush(visitor),
      onRefusal: (why, detail) => this.#refusals.record(why, detail),
    })
  }

  #makeAbly(): Ably {
    return new Ably({
      ...this.#surroundings,
      config: this.#config,
      services: this.#services,
      directory: this.#apps,
      keyUses: this.#keyUses,
      channels: this.#channels,
      counters: this.#counters,
      doors: this.#doors(),
      appCounters: this.#appCounters,
      mayMakeApp: (visitor) => this.#admission.mayPush(visitor),
      onChange: () => this.#changes.refresh(),
      onRefusal: (why, detail) => this.#refusals.record(why, detail),
      onBug: this.#onBug,
    })
  }

  #makeComet(): Comet {
    const { maxBacklogBytes, maxMessageBytes } = this.#config
    return new Comet({
      ...this.#doors(),
      open: (visit) => this.#ably.realtime.connect(visit),
      maxBacklogBytes,
      // Clients send what has gathered in one request.
      maxBodyBytes: Math.max(MIN_COMET_BODY_BYTES, maxMessageBytes * 4),
      now: () => this.#surroundings.clock.now(),
      onBug: this.#onBug,
    })
  }

  /** For those who come to stay without a WebSocket. */
  #doors(): Doors {
    const { allowedOrigins } = this.#config
    return {
      turnAway: ({ address, request }) => {
        if (this.#isDraining) return 'restarting'
        const origin = request.headers.get('origin')
        const isForeign = origin !== null && !isOriginAllowed(origin, allowedOrigins)
        return isForeign ? 'origin_refused' : this.#admission.refuse(address)
      },
      opened: (address) => this.#admission.opened(address),
      closed: (address) => this.#admission.closed(address),
      ban: (address) => this.#admission.ban(address),
      nextSocketId: () => this.#nextSocketId--,
    }
  }

  #makeState(): RunningState {
    const { folder, keyring } = this.#services
    return new RunningState({
      folder,
      keyring,
      channels: this.#channels,
      connections: this.#ably.realtime.connections,
      isApp: (appId) => this.#apps.app(appId) !== undefined,
      clock: this.#surroundings.clock,
      log: this.#log,
      onBug: this.#onBug,
    })
  }

  #makeFront(http: HttpApp, dashboard: Dashboard): Front {
    const { allowedOrigins } = this.#config
    return new Front({
      protocols: [this.#makeItty(), this.#ably.realtime, this.#comet, this.#ably.rest, dashboard],
      admission: this.#admission,
      basePath: this.#config.basePath,
      trustedProxies: proxyRanges(this.#config.trustedProxies),
      allowedOrigins,
      http,
      isDraining: () => this.#isDraining,
      onRefusal: (why, detail) => {
        const fix =
          detail.origin === undefined ? {} : { fix: originFix(detail.origin, allowedOrigins) }
        this.#refusals.record(why, { ...detail, ...fix })
      },
      onBug: this.#onBug,
    })
  }

  #makeHttp(live: LiveService, metrics: Metrics): HttpApp {
    const { accessTokens } = this.#services
    return httpApp({
      api: this.#apiParts(live),
      identify: (request) => accessTokens.identify(request.headers.get('authorization')),
      metrics: this.#config.metricsPort === undefined ? metrics : undefined,
      notReady: () => this.#notReady(),
      basePath: this.#config.basePath,
      onBug: this.#onBug,
    })
  }

  #makeDashboard(live: LiveService): Dashboard {
    const { basePath, publicUrl } = this.#config
    return new Dashboard({
      services: this.#services,
      live,
      impact: (namespace, changed) =>
        impactOf(this.#channels.hub, this.#config, namespace, changed),
      clock: this.#surroundings.clock,
      onChange: () => this.#changes.refresh(),
      onRefusal: (why, detail) => this.#refusals.record(why, detail),
      onBug: this.#onBug,
      providers: signInProviders(this.#config, this.#surroundings.clock),
      basePath,
      publicUrl,
    })
  }

  /** The same application for the command line, over a socket file that only this machine's user can open. */
  #makeControl(live: LiveService): HttpApp {
    return httpApp({
      api: this.#apiParts(live),
      identify: () => this.#services.accessTokens.operator(this.#services.accounts.ensureOwner()),
      metrics: undefined,
      notReady: () => this.#notReady(),
      basePath: '',
      onBug: this.#onBug,
    })
  }

  #apiParts(live: LiveService) {
    return { services: this.#services, live, onChange: () => this.#changes.refresh() }
  }

  #makeMetrics(): Metrics {
    return new Metrics({
      counters: this.#counters,
      channels: () => this.#channels.hub.channels.size,
      reservations: () => this.#rules.namespaces.size,
      isReady: () => this.#notReady() === undefined,
      loopDelay: () => this.#loopDelay.milliseconds,
      version: VERSION,
      startedAt: Math.round((Date.now() - performance.now()) / 1000),
    })
  }

  #notReady(): string | undefined {
    if (this.#isDraining) return 'stopping'
    try {
      this.#services.store.sqlite.query('SELECT 1').get()
      const { folder } = this.#services
      if (folder !== undefined) accessSync(folder, constants.W_OK)
      return undefined
    } catch {
      return 'the data folder cannot be used'
    }
  }

  async #stop(): Promise<void> {
    if (this.#isDraining) return
    this.#isDraining = true
    this.#ably.realtime.connections.hold()
    await dismissAll({
      sockets: this.#sockets,
      comet: this.#comet,
      endStreams: () => this.#ably.stop(),
      pendingRequests: () => this.#listeners?.main.pendingRequests ?? 0,
      withinMs: this.#config.drainSeconds * 1000,
      random: this.#surroundings.random,
    })
    this.#stopTimers()
    await this.#listeners?.stopServing()
    await this.#keep()
    await this.#listeners?.stop()
    this.#history.close()
    this.#services.close()
  }

  /** While the folder is still this server's: another one that starts must find what it is to go on from. */
  async #keep(): Promise<void> {
    this.#history.flush()
    // What waited for the disk is told now, and some of it is what clients are to be answered.
    await new Promise(setImmediate)
    this.#state.save()
  }

  #stopTimers(): void {
    this.#comet.stop()
    this.#ably.stop()
    this.#channels.stop()
    this.#changes.stop()
    this.#keyUses.stop()
    this.#stats.stop()
    this.#expiry.stop()
    this.#loopDelay.stop()
  }
}

function admissionLimits(config: Config) {
  return {
    connections: { perSecond: config.connectionRate, burst: config.connectionBurst },
    pushes: { perSecond: config.pushRate, burst: config.pushBurst },
    maxConnections: config.maxConnections,
    maxAddressConnections: config.maxAddressConnections,
    banSeconds: config.banSeconds,
  }
}

function seed(random: Randomness): number {
  const bytes = random(new Uint8Array(4))
  return new DataView(bytes.buffer).getInt32(0)
}
