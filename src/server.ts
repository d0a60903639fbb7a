/** The composition root: builds the parts, connects them, starts and stops them. No rule lives here. */
import { largestText } from './policy/limits.ts'
import { Ably } from './assembly/ably.ts'
import { Channels } from './assembly/channels.ts'
import { dismissAll } from './assembly/dismissal.ts'
import { makeDoors } from './assembly/http-admission.ts'
import { type FewFiles, fewFiles, tellFiles } from './assembly/file-room.ts'
import { makeOwners } from './assembly/owners.ts'
import { HistoryMark } from './assembly/history-mark.ts'
import { LiveSettings } from './assembly/live-settings.ts'
import { refusePublicSandbox } from './assembly/public-sandbox.ts'
import { SettingsTroubles } from './assembly/settings-troubles.ts'
import { RunningState } from './assembly/running-state.ts'
import { Web } from './assembly/web.ts'
import { closeAll, closeQuietly } from './closing.ts'
import type { Config } from './config.ts'
import { AppCounters } from './core/app-counters.ts'
import { type Clock, type Randomness, systemClock, systemRandomness } from './core/clock.ts'
import { Counters } from './core/counters.ts'
import type { Encode } from './core/delivery.ts'
import type { Owners } from './core/owners.ts'
import { TimerWheel } from './core/timer-wheel.ts'
import { PAGES } from './core/types.ts'
import type { Dashboard } from './dashboard/dashboard.ts'
import { TopicFanout } from './fanout/topics.ts'
import { Faults } from './ops/faults.ts'
import { logger } from './ops/logs.ts'
import { OpenFiles } from './ops/open-files.ts'
import { LoopDelay } from './ops/metrics.ts'
import { Refusals } from './ops/refusals.ts'
import { connectionLimit } from './policy/shares.ts'
import { proxyRanges } from './policy/address.ts'
import { Comet } from './protocol/ably/comet/comet.ts'
import { PROTOCOL as ABLY, encode as encodeAbly } from './protocol/ably/realtime/encoding/encode.ts'
import { isPushAdminPath } from './protocol/ably/rest/devices/paths.ts'
import { STREAM_PROTOCOL, encodeForStreams } from './protocol/ably/stream/encode.ts'
import { encode } from './protocol/itty/frames.ts'
import { ConnectionOverview } from './protocol/ably/realtime/connection/overview.ts'
import type { Doors } from './protocol/protocol.ts'
import { IttyProtocol, PROTOCOL as ITTY } from './protocol/itty/itty.ts'
import { LiveService } from './service/live.ts'
import { type Conceal, concealing } from './service/misplaced-keys.ts'
import type { UnshownKey } from './service/root-key.ts'
import { type Services, databaseTrouble, openServices } from './service/services.ts'
import { type HistoryLog, openHistory } from './store/history/history-log.ts'
import { Admission } from './transport/admission.ts'
import { Bodies, type BodyLimits } from './transport/bodies.ts'
import { Front } from './transport/front.ts'
import type { HttpApp } from './transport/http.ts'
import { type Listeners, listen } from './transport/listen.ts'
import { Silence } from './transport/silence.ts'
import { Sockets } from './transport/websocket.ts'

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
  /** Where fewer files may be open than `--max-connections` needs. */
  readonly fewFiles: FewFiles | undefined
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
    await closeQuietly([() => services.stop()])
    throw databaseTrouble(services.folder, error)
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
  readonly #conceal: Conceal
  readonly #wheel: TimerWheel
  readonly #silence: Silence
  readonly #faults: Faults
  readonly #files: OpenFiles
  readonly #admission: Admission
  readonly #doors: Doors
  readonly #sockets: Sockets
  readonly #troubles: SettingsTroubles
  readonly #settings: LiveSettings
  readonly #owners: Owners
  readonly #history: HistoryLog
  readonly #mark: HistoryMark
  readonly #channels: Channels
  readonly #ably: Ably
  readonly #comet: Comet
  readonly #state: RunningState
  readonly #web: Web
  #listeners: Listeners | undefined
  #stopWheel: (() => void) | undefined
  #isDraining = false

  constructor(config: Config, surroundings: Surroundings, services: Services) {
    this.#config = config
    this.#surroundings = surroundings
    this.#services = services
    const { clock } = surroundings
    this.#files = new OpenFiles((isFull) => tellFiles(this.#files.limit, isFull))
    this.#wheel = new TimerWheel(clock.elapsed())
    this.#silence = new Silence(this.#wheel, config.idleTimeout)
    this.#faults = new Faults(this.#log, clock)
    this.#refusals = new Refusals(this.#counters, clock, logger('refusal'), config)
    this.#admission = new Admission({ ...admissionLimits(config), files: this.#files }, clock)
    this.#doors = makeDoors(this.#admission, () => this.#isDraining)
    this.#sockets = new Sockets({
      ...config,
      admission: this.#admission,
      counters: this.#counters,
      silence: this.#silence,
      elapsed: () => performance.now(),
    })
    this.#troubles = new SettingsTroubles(this.#log, this.#faults.bug)
    services.ledger.watch(this.#troubles.over)
    this.#settings = new LiveSettings({
      ...surroundings,
      services,
      appCounters: this.#appCounters,
      onRules: (concerns) => this.#channels.hub.review(concerns),
      onAppGone: (appId) => this.#channels.broker.forget(appId),
      onTrouble: this.#troubles.tell,
    })
    const { namespaces } = this.#settings.rules
    this.#conceal = concealing(namespaces, (key) => services.keyring.digest(key))
    this.#refusals.concealWith(this.#conceal)
    this.#owners = makeOwners(this.#settings.apps, namespaces)
    this.#history = this.#openHistory()
    this.#mark = new HistoryMark({
      store: services.store,
      history: this.#history,
      log: this.#log,
      onTrouble: this.#troubles.tell,
    })
    this.#channels = this.#makeChannels()
    this.#ably = this.#makeAbly()
    this.#comet = this.#makeComet()
    this.#state = this.#makeState()
    this.#web = new Web({
      config,
      services,
      clock,
      settings: this.#settings,
      channels: this.#channels,
      realtime: this.#ably.realtime,
      counters: this.#counters,
      loopDelay: this.#loopDelay,
      files: this.#files,
      appConnections: () => this.#appConnections(),
      historyBytes: () => this.#history.usedBytes(),
      greatestHistoryBytes: () => this.#history.greatestBytes(),
      keptNames: (appId, text, limit) => this.#history.names(appId, text, limit),
      isDraining: () => this.#isDraining,
      addresses: () => this.#listeners?.addresses ?? [],
      onRefusal: (why, detail) => this.#refusals.record(why, detail),
      refusals: () => this.#refusals.recent(),
      onBug: this.#faults.bug,
    })
  }

  /** Without those of the server's own pages. */
  #appConnections(): number {
    const { connections } = this.#ably.realtime
    return connections.size - connections.countOf(PAGES)
  }

  async start(): Promise<RunningServer> {
    try {
      return await this.#start()
    } catch (error) {
      await closeQuietly([
        () => this.#stopTimers(),
        () => this.#listeners?.stop(),
        () => this.#history.stop(),
      ])
      throw error
    }
  }

  async #start(): Promise<RunningServer> {
    await this.#channels.start()
    this.#settings.apps.onChange((appId) => {
      this.#channels.hub.reviewApp(appId)
      this.#channels.limitsChanged(appId)
    })
    this.#stopWheel = this.#wheel.run(this.#surroundings.clock)
    this.#ably.start()
    this.#settings.start()
    this.#loopDelay.start()
    this.#files.start()
    this.#web.health.start()
    const live = this.#makeLive()
    let claimLink: string | undefined
    const listeners = await this.#services.claimFolder(() => {
      this.#mark.check(this.#services.rootKey.unshown()?.isNew === true)
      this.#state.restore()
      this.#ably.restore()
      this.#listeners = this.#listen(live)
      this.#state.discard()
      claimLink = this.#claimLink(this.#listeners.addresses[0]!)
      return this.#listeners
    })
    this.#services.ledger.serve(this.#troubles.tell)
    this.#history.start()
    this.#mark.start()
    this.#settings.startCounting()
    const { url, port, addresses } = listeners
    const { folder, rootKey } = this.#services
    const unshownKey = rootKey.unshown()
    const stop = () => this.#stop()
    return { url, port, addresses, folder, unshownKey, claimLink, fewFiles: this.#room(), stop }
  }

  #room(): FewFiles | undefined {
    const { maxConnections } = this.#config
    const { max, beyond } = connectionLimit(maxConnections)
    return fewFiles(this.#files, maxConnections, max + beyond)
  }

  #makeLive(): LiveService {
    return new LiveService({
      ...this.#services,
      ...this.#channels,
      rules: this.#config,
      connections: new ConnectionOverview(this.#ably.realtime.connections),
      openOf: (appId) => this.#appCounters.of(appId).connections.all.now,
      clock: this.#surroundings.clock,
      conceal: this.#conceal,
    })
  }

  #listen(live: LiveService): Listeners {
    const web = this.#web
    return listen({
      config: this.#config,
      folder: this.#services.folder,
      front: this.#makeFront(web.http(live), web.dashboard(live)),
      sockets: this.#sockets.handlers(),
      metrics: web.hasMetricsPort ? web.metrics : undefined,
      control: web.control(live),
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
      shareOf: (realm) => this.#owners.shareOf(realm),
      diskMbOf: (realm) => this.#owners.limitsOf(realm).diskMb ?? 0,
      clock: this.#surroundings.clock,
      keepsLast: (channel) => this.#settings.apps.ruleOf(channel.realm, channel.name).persistLast,
      onFault: (fault) => this.#faults.fault(fault.title, fault),
      onRecovered: () => this.#log.info('history is kept again'),
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
      namespaces: this.#settings.rules.namespaces,
      owners: this.#owners,
      ruleOf: (channel) => this.#settings.apps.ruleOf(channel.realm, channel.name),
      maxPresenceMembers: (appId) =>
        this.#settings.apps.app(appId)?.limits.maxPresenceMembers ??
        this.#config.maxPresenceMembers,
      appOf: (realm) => this.#settings.apps.app(realm),
      log: this.#history,
      lastPosition: this.#mark.lastPosition,
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
      appCounters: this.#appCounters,
      limits: {
        messages: { perSecond: config.messageRate, burst: config.messageBurst },
        maxWarnings: config.maxWarnings,
      },
      digest: (key) => this.#services.keyring.digest(key),
      sharesPush: isPushAdminPath,
      mayPush: (visitor) => this.#admission.mayPush(visitor),
      onMessageRefused: (why, detail) => this.#refusals.remember(why, detail),
      onRefusal: (why, detail) => this.#refusals.record(why, detail),
    })
  }

  #makeAbly(): Ably {
    return new Ably({
      ...this.#surroundings,
      config: this.#config,
      services: this.#services,
      wheel: this.#wheel,
      directory: this.#settings.apps,
      keyUses: this.#settings.keyUses,
      channels: this.#channels,
      owners: this.#owners,
      counters: this.#counters,
      doors: this.#doors,
      appCounters: this.#appCounters,
      mayMakeApp: (visitor) => this.#admission.mayPush(visitor),
      chargeApp: (visitor, cost) => this.#admission.chargePushes(visitor, cost),
      onChange: () => this.#settings.refresh(),
      onRefusal: (why, detail) => this.#refusals.record(why, detail),
      onNotice: (text) => this.#faults.notice(text),
      onBug: this.#faults.bug,
      onFault: (fault) => this.#faults.fault('token requests cannot be noted', fault),
    })
  }

  #makeComet(): Comet {
    const { maxBacklogBytes, maxMessageBytes } = this.#config
    return new Comet({
      ...this.#doors,
      open: (visit) => this.#ably.realtime.connect(visit),
      maxBacklogBytes,
      // Clients send what has gathered in one request.
      maxBodyBytes: Math.max(MIN_COMET_BODY_BYTES, largestText(maxMessageBytes) * 2),
      wheel: this.#wheel,
      now: () => this.#surroundings.clock.elapsed(),
      onBug: this.#faults.bug,
    })
  }

  #makeState(): RunningState {
    const { folder, keyring } = this.#services
    return new RunningState({
      folder,
      keyring,
      channels: this.#channels,
      connections: this.#ably.realtime.connections,
      isApp: (appId) => this.#settings.apps.app(appId) !== undefined,
      clock: this.#surroundings.clock,
      log: this.#log,
      onBug: this.#faults.bug,
    })
  }

  #makeFront(http: HttpApp, dashboard: Dashboard): Front {
    return new Front({
      protocols: [this.#makeItty(), this.#ably.realtime, this.#comet, this.#ably.rest, dashboard],
      admission: this.#admission,
      silence: this.#silence,
      files: this.#files,
      bodies: new Bodies(bodyLimits(this.#config)),
      basePath: this.#config.basePath,
      trustedProxies: proxyRanges(this.#config.trustedProxies),
      allowedOrigins: this.#config.allowedOrigins,
      http,
      isDraining: () => this.#isDraining,
      onRefusal: (why, detail) => this.#refusals.record(why, detail),
      onBug: this.#faults.bug,
    })
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
    await closeAll([
      // What is left is written in the turn in which nobody else holds the database.
      () => this.#services.ledger.ready().catch(() => {}),
      () => this.#stopTimers(),
      () => this.#listeners?.stopServing(),
      () => this.#keep(),
      () => this.#ably.close(),
      () => this.#mark.stop(),
      () => this.#listeners?.stop(),
      () => this.#history.stop(),
      () => this.#services.stop(),
    ])
  }

  /** While the folder is still this server's: another one that starts must find what it is to go on from. */
  async #keep(): Promise<void> {
    await this.#history.settle()
    // What waited for the disk is told now, and some of it is what clients are to be answered.
    await new Promise(setImmediate)
    this.#state.save()
  }

  #stopTimers(): void {
    this.#stopWheel?.()
    this.#refusals.stop()
    this.#faults.stop()
    this.#comet.stop()
    this.#ably.stop()
    this.#channels.stop()
    this.#settings.stop()
    this.#loopDelay.stop()
    this.#files.stop()
    this.#web.stop()
  }
}

function bodyLimits({ addressBodyMemoryMb, bodyMemoryMb, bodyTimeout }: Config): BodyLimits {
  return {
    maxBytes: bodyMemoryMb * MEGABYTE || Infinity,
    maxAddressBytes: addressBodyMemoryMb * MEGABYTE || Infinity,
    seconds: bodyTimeout,
  }
}

const MEGABYTE = 1_048_576

function admissionLimits(config: Config) {
  const { max, beyond } = connectionLimit(config.maxConnections)
  return {
    connections: { perSecond: config.connectionRate, burst: config.connectionBurst },
    pushes: { perSecond: config.pushRate, burst: config.pushBurst },
    attempts: { perSecond: config.attemptRate, burst: config.attemptBurst },
    // Whose a connection is, is known only inside: small shares get in beyond the limit.
    maxConnections: max + beyond,
    maxAddressConnections: config.maxAddressConnections,
    banSeconds: config.banSeconds,
  }
}
