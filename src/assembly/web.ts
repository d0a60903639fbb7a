/** Composes what people and tools reach over HTTP: the API, health, metrics and the dashboard. */
import { accessSync, constants } from 'node:fs'
import type { Channels } from './channels.ts'
import type { Config } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import { PAGES } from '../core/types.ts'
import { Dashboard } from '../dashboard/dashboard.ts'
import { BackupFolder } from '../ops/backup/backup-folder.ts'
import { Health } from '../ops/health.ts'
import { Metrics } from '../ops/metrics.ts'
import type { Refusals } from '../ops/refusals.ts'
import { ChannelInspector } from '../service/live/channel-inspector.ts'
import { impactOf } from '../service/reservations/reservation-impact.ts'
import { REFUSALS, RefusalService } from '../service/live/recent-refusals.ts'
import type { LiveService } from '../service/live/live.ts'
import type { Services } from '../service/services.ts'
import type { AblyRealtime } from '../protocol/ably/realtime/realtime.ts'
import type { HistoryLog } from '../store/history/history-log.ts'
import { type HttpApp, httpApp } from '../transport/http.ts'
import { VERSION } from '../version.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Nodes } from './cluster.ts'
import type { LiveSettings } from './live-settings.ts'
import type { Monitoring } from './monitoring.ts'
import { RealtimePages } from './page-channels.ts'
import { notFound } from './protocols.ts'
import { signInProviders } from './sign-in-providers.ts'

export interface WebParts extends Nodes {
  readonly config: Config
  readonly services: Services
  readonly settings: LiveSettings
  readonly channels: Channels
  readonly realtime: AblyRealtime
  readonly history: HistoryLog
  readonly monitoring: Monitoring
  readonly refusals: Refusals
  readonly lifecycle: Lifecycle
  readonly clock: Clock
}

export class Web {
  readonly metrics: Metrics
  readonly health: Health
  readonly #parts: WebParts
  #dashboard: Dashboard | undefined

  constructor(parts: WebParts) {
    this.#parts = parts
    const { channels, history, realtime, settings } = parts
    const { counters, files, loopDelay } = parts.monitoring
    const { connections } = realtime
    this.health = new Health({ folder: parts.services.folder, loopDelay, clock: parts.clock })
    this.metrics = new Metrics({
      counters,
      channels: () => channels.registry.withMembersSize,
      reservations: () => settings.rules.namespaces.size,
      // Channels and connections of the dashboard's own pages are not counted.
      appChannels: () => channels.registry.sizeOfApps - channels.registry.channels(PAGES).size,
      appConnections: () => connections.size - connections.countOf(PAGES),
      historyBytes: () => history.disk.usedBytes(),
      memoryBytes: () => channels.memoryBytes,
      greatestShares: {
        channels: () => channels.channelPool.greatest,
        connections: () => channels.connectionPool.greatest,
        memoryBytes: () => channels.greatestMemoryBytes,
        historyBytes: () => history.disk.greatestBytes(),
      },
      isReady: () => this.#notReady() === undefined,
      loopDelay: () => loopDelay.milliseconds,
      files,
      version: VERSION,
      startedAt: Math.round((Date.now() - performance.now()) / 1000),
    })
  }

  stop(): void {
    this.health.stop()
    this.#dashboard?.stop()
  }

  /** Whether metrics have a port of their own. */
  get hasMetricsPort(): boolean {
    return this.#parts.config.metricsPort !== undefined
  }

  http(live: LiveService): HttpApp {
    const { config, monitoring, services } = this.#parts
    return httpApp({
      api: this.#apiParts(live),
      identify: (request) => services.accessTokens.identify(request.headers.get('authorization')),
      metrics: this.hasMetricsPort ? undefined : this.metrics,
      notReady: () => this.#notReady(),
      missing: notFound,
      basePath: config.basePath,
      onBug: monitoring.faults.bug,
    })
  }

  /** The same application for the command line, over a socket file that only this machine's user can open. */
  control(live: LiveService): HttpApp {
    const { lifecycle, monitoring, services, settings } = this.#parts
    return httpApp({
      api: this.#apiParts(live),
      identify: () => services.accessTokens.operator(services.accounts.ensureOwner()),
      metrics: undefined,
      refresh: () => settings.refresh(),
      addresses: () => lifecycle.addresses,
      notReady: () => this.#notReady(),
      basePath: '',
      onBug: monitoring.faults.bug,
    })
  }

  dashboard(live: LiveService): Dashboard {
    const { channels, clock, cluster, config, handlers, services, settings } = this.#parts
    const { history, monitoring, realtime, refusals } = this.#parts
    handlers.answer(REFUSALS, () => refusals.recent())
    this.#dashboard = new Dashboard({
      channels: new RealtimePages(realtime, channels),
      services,
      live,
      inspector: this.#inspector(live),
      refusals: new RefusalService({ cluster, live, apps: services.apps }),
      health: this.health,
      backups: new BackupFolder({
        folder: services.folder,
        masterKey: config.masterKey,
        clock,
      }),
      keptNames: (appId, text, limit) => history.disk.names(appId, text, limit),
      allowedOrigins: config.allowedOrigins,
      impact: (viewer, namespace, changed) =>
        impactOf(channels.registry, config, {
          namespace,
          changed,
          maySee: (ref) => live.maySee(viewer, ref),
        }),
      clock,
      onChange: () => settings.refresh(),
      onRefusal: (why, detail) => refusals.record(why, detail),
      onBug: monitoring.faults.bug,
      providers: signInProviders(config, clock),
      basePath: config.basePath,
      publicUrl: config.publicUrl,
    })
    return this.#dashboard
  }

  #inspector(live: LiveService): ChannelInspector {
    const { channels, services, settings } = this.#parts
    return new ChannelInspector({
      ...channels,
      ruleOf: ({ name, realm }) => settings.apps.ruleOf(realm, name),
      live,
      audit: services.audit,
      watch: (channel, onlooker) => channels.watch(channel, onlooker),
    })
  }

  #apiParts(live: LiveService) {
    const { services, settings } = this.#parts
    return { services, live, onChange: () => settings.refresh() }
  }

  #notReady(): string | undefined {
    const { lifecycle, services } = this.#parts
    if (lifecycle.isDraining) return 'stopping'
    try {
      services.store.sqlite.query('SELECT 1').get()
      if (services.folder !== undefined) accessSync(services.folder, constants.W_OK)
      return undefined
    } catch {
      return 'the data folder cannot be used'
    }
  }
}
