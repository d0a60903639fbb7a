/** Composes the settings as the running server knows them: kept equal to the database, whichever process changes it. */
import type { Cluster } from '../cluster/cluster.ts'
import type { AppCounters } from '../core/counting/app-counters.ts'
import type { Clock, Randomness } from '../core/clock.ts'
import { AppExpiry } from '../service/apps/app-expiry.ts'
import { ChangeWatcher } from '../store/change-watcher.ts'
import { KeyUses } from '../service/apps/key-uses.ts'
import { AppDirectory } from '../service/apps/app-directory.ts'
import {
  ReservationDirectory,
  type RulesListener,
} from '../service/reservations/reservation-directory.ts'
import type { Services } from '../service/services.ts'
import { StatsRecorder } from '../service/stats/stats-recorder.ts'
import type { TokenOrder } from '../service/tokens/token-order.ts'

export interface LiveSettingsParts {
  readonly cluster: Cluster
  readonly services: Services
  readonly clock: Clock
  readonly random: Randomness
  readonly appCounters: AppCounters
  /** Called with each error that keeps settings from being read or written; the operation is retried. */
  readonly onTrouble: (error: unknown) => void
}

export class LiveSettings {
  readonly rules: ReservationDirectory
  readonly apps: AppDirectory
  readonly keyUses: KeyUses
  readonly #changes: ChangeWatcher
  readonly #expiry: AppExpiry
  readonly #stats: StatsRecorder
  readonly #appCounters: AppCounters
  readonly #tokenOrder: TokenOrder
  readonly #rulesListeners: RulesListener[] = []
  readonly #removalListeners: ((appId: string) => void)[] = []

  constructor(parts: LiveSettingsParts) {
    const { appCounters, clock, cluster, onTrouble, services } = parts
    const { keyring, ledger, store } = services
    this.#appCounters = appCounters
    this.rules = new ReservationDirectory(store, seed(parts.random), (concerns) => {
      for (const listener of this.#rulesListeners) listener(concerns)
    })
    this.apps = new AppDirectory(store, keyring, clock)
    this.keyUses = new KeyUses({ store, ledger, clock }, onTrouble)
    this.#changes = new ChangeWatcher(store, [this.rules, this.apps], onTrouble)
    this.#expiry = new AppExpiry({
      apps: services.apps,
      directory: this.apps,
      clock,
      once: (name, keepMs) => cluster.once(name, keepMs),
      onRemoved: () => this.refresh(),
      onBug: onTrouble,
    })
    this.#stats = new StatsRecorder({ store, ledger, clock }, appCounters, onTrouble)
    ledger.watch(() => this.refresh())
    this.#tokenOrder = services.tokenOrder
  }

  /** Calls the listener whenever reservations have changed. */
  onRulesChanged(listener: RulesListener): void {
    this.#rulesListeners.push(listener)
  }

  /** Calls the listener when an app is gone, after all who listen to changes of apps. */
  onAppRemoved(listener: (appId: string) => void): void {
    this.#removalListeners.push(listener)
  }

  start(): void {
    // A command may have revoked tokens. Tokens issued from now on must count as newer than that revocation.
    this.apps.onChange(() => this.#tokenOrder.passed(this.apps.revocations.latest))
    // Subscribed last, so that the other listeners have closed the app's connections and counted them.
    this.apps.onChange((appId) => {
      if (this.apps.app(appId)) return
      this.#appCounters.forget(appId)
      for (const listener of this.#removalListeners) listener(appId)
    })
    this.#changes.start()
    this.keyUses.start()
    this.#expiry.start()
  }

  /** Call once this server holds the data folder: two servers must not both write statistics. */
  startCounting(): void {
    this.#stats.start()
  }

  /** Looks for changes now. */
  refresh(): void {
    this.#changes.refresh()
  }

  stop(): void {
    this.#changes.stop()
    this.keyUses.stop()
    this.#stats.stop()
    this.#expiry.stop()
  }
}

function seed(random: Randomness): number {
  const bytes = random(new Uint8Array(4))
  return new DataView(bytes.buffer).getInt32(0)
}
