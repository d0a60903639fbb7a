/** Composes what people and tools see of the server over HTTP: pages, the API, metrics and the dashboard. */
import { accessSync, constants } from 'node:fs'
import type { Channels } from './channels.ts'
import type { Config } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import type { Counters } from '../core/counters.ts'
import { PAGES } from '../core/types.ts'
import { Dashboard } from '../dashboard/dashboard.ts'
import type { DashboardParts } from '../dashboard/parts.ts'
import { BackupShelf } from '../ops/backup/backup-shelf.ts'
import { Health } from '../ops/health.ts'
import { type LoopDelay, Metrics } from '../ops/metrics.ts'
import type { OpenFiles } from '../ops/open-files.ts'
import { ChannelDesk } from '../service/channel-desk.ts'
import { impactOf } from '../service/impact.ts'
import type { LiveService } from '../service/live.ts'
import type { Services } from '../service/services.ts'
import type { AblyRealtime } from '../protocol/ably/realtime/realtime.ts'
import { nothingThere } from '../protocol/ably/http/http.ts'
import { type HttpApp, httpApp } from '../transport/http.ts'
import { VERSION } from '../version.ts'
import type { LiveSettings } from './live-settings.ts'
import { RealtimePages } from './page-channels.ts'
import { signInProviders } from './sign-in-providers.ts'

export interface WebParts {
  readonly config: Config
  readonly services: Services
  readonly settings: LiveSettings
  readonly channels: Channels
  readonly realtime: AblyRealtime
  readonly counters: Counters
  readonly loopDelay: LoopDelay
  readonly files: Pick<OpenFiles, 'open' | 'limit'>
  readonly appConnections: () => number
  readonly historyBytes: () => number
  readonly greatestHistoryBytes: () => number
  /** Channels of an app that have something on the disk, with a text in their name. */
  readonly keptNames: DashboardParts['keptNames']
  readonly clock: Clock
  readonly isDraining: () => boolean
  /** Where it listens. */
  readonly addresses: () => readonly string[]
  readonly onRefusal: DashboardParts['onRefusal']
  /** The newest first. */
  readonly refusals: DashboardParts['refusals']
  readonly onBug: (error: unknown) => void
}

export class Web {
  readonly metrics: Metrics
  readonly health: Health
  readonly #parts: WebParts
  #dashboard: Dashboard | undefined

  constructor(parts: WebParts) {
    this.#parts = parts
    const { channels, counters, loopDelay, settings } = parts
    this.health = new Health({ folder: parts.services.folder, loopDelay, clock: parts.clock })
    this.metrics = new Metrics({
      counters,
      channels: () => channels.hub.channels.size,
      reservations: () => settings.rules.namespaces.size,
      // Those of the server's own pages are nobody's.
      appChannels: () => channels.broker.size - channels.broker.channels(PAGES).size,
      appConnections: parts.appConnections,
      historyBytes: parts.historyBytes,
      memoryBytes: () => channels.memoryBytes,
      greatestShares: {
        channels: () => channels.channelPool.greatest,
        connections: () => channels.connectionPool.greatest,
        memoryBytes: () => channels.greatestMemoryBytes,
        historyBytes: parts.greatestHistoryBytes,
      },
      isReady: () => this.#notReady() === undefined,
      loopDelay: () => loopDelay.milliseconds,
      files: parts.files,
      version: VERSION,
      startedAt: Math.round((Date.now() - performance.now()) / 1000),
    })
  }

  stop(): void {
    this.health.stop()
    this.#dashboard?.stop()
  }

  /** Whether metrics have an address of their own. */
  get hasMetricsPort(): boolean {
    return this.#parts.config.metricsPort !== undefined
  }

  http(live: LiveService): HttpApp {
    const { config, onBug, services } = this.#parts
    return httpApp({
      api: this.#apiParts(live),
      identify: (request) => services.accessTokens.identify(request.headers.get('authorization')),
      metrics: this.hasMetricsPort ? undefined : this.metrics,
      notReady: () => this.#notReady(),
      missing: nothingThere,
      basePath: config.basePath,
      onBug,
    })
  }

  /** The same application for the command line, over a socket file that only this machine's user can open. */
  control(live: LiveService): HttpApp {
    const { onBug, services, settings } = this.#parts
    return httpApp({
      api: this.#apiParts(live),
      identify: () => services.accessTokens.operator(services.accounts.ensureOwner()),
      metrics: undefined,
      refresh: () => settings.refresh(),
      addresses: this.#parts.addresses,
      notReady: () => this.#notReady(),
      basePath: '',
      onBug,
    })
  }

  dashboard(live: LiveService): Dashboard {
    const { channels, clock, config, onBug, onRefusal, realtime, refusals, services, settings } =
      this.#parts
    this.#dashboard = new Dashboard({
      channels: new RealtimePages(realtime, channels),
      services,
      live,
      desk: this.#desk(live),
      refusals,
      health: this.health,
      backups: new BackupShelf({
        folder: services.folder,
        masterKey: config.masterKey,
        clock,
      }),
      keptNames: this.#parts.keptNames,
      allowedOrigins: config.allowedOrigins,
      impact: (viewer, namespace, changed) =>
        impactOf(channels.hub, config, {
          namespace,
          changed,
          maySee: (ref) => live.maySee(viewer, ref),
        }),
      clock,
      onChange: () => settings.refresh(),
      onRefusal,
      onBug,
      providers: signInProviders(config, clock),
      basePath: config.basePath,
      publicUrl: config.publicUrl,
    })
    return this.#dashboard
  }

  #desk(live: LiveService): ChannelDesk {
    const { channels, services } = this.#parts
    return new ChannelDesk({
      ...channels,
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
    const { isDraining, services } = this.#parts
    if (isDraining()) return 'stopping'
    try {
      services.store.sqlite.query('SELECT 1').get()
      if (services.folder !== undefined) accessSync(services.folder, constants.W_OK)
      return undefined
    } catch {
      return 'the data folder cannot be used'
    }
  }
}
