/** Opens what keeps messages on the disk, with what the settings say of apps and channels. */
import type { Config } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import type { Owners } from '../core/owners.ts'
import { type HistoryLog, openHistory } from '../store/history/history-log.ts'
import type { LiveSettings } from './live-settings.ts'
import type { Monitoring } from './monitoring.ts'

export interface KeptHistoryParts {
  readonly config: Config
  /** Undefined where everything is in memory. */
  readonly folder: string | undefined
  readonly settings: LiveSettings
  readonly owners: Owners
  readonly monitoring: Monitoring
  readonly clock: Clock
}

/** @throws StartError where its file cannot be opened */
export function openKeptHistory(parts: KeptHistoryParts): HistoryLog {
  const { clock, config, folder, owners, settings } = parts
  const { faults, log } = parts.monitoring
  return openHistory(folder, {
    hours: config.historyHours,
    diskMb: config.historyDiskMb,
    shareOf: (realm) => owners.shareOf(realm),
    diskMbOf: (realm) => owners.limitsOf(realm).diskMb ?? 0,
    clock,
    keepsLast: ({ realm, name }) => settings.apps.ruleOf(realm, name).persistLast,
    onFault: (fault) => faults.fault(fault.title, fault),
    onRecovered: () => log.info('history is kept again'),
  })
}
