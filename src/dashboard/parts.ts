/** What the dashboard needs of the rest of the server. */
import type { Clock } from '../core/clock.ts'
import type { Failure } from '../failure.ts'
import type { Provider } from '../identity/providers/provider.ts'
import type { BackupFolder } from '../ops/backup/backup-folder.ts'
import type { Health } from '../ops/health.ts'
import type { Account } from '../service/accounts/accounts.ts'
import type { ChannelInspector } from '../service/live/channel-inspector.ts'
import type { Impact } from '../service/reservations/reservation-impact.ts'
import type { LiveService } from '../service/live/live.ts'
import type { RefusalService } from '../service/live/recent-refusals.ts'
import type { ChangedRules } from '../service/reservations/reservation-preview.ts'
import type { Services } from '../service/services.ts'
import type { PageChannels } from './live/page-channels.ts'

export interface DashboardParts {
  readonly services: Services
  readonly live: LiveService
  readonly inspector: ChannelInspector
  /** Names of channels of an app with history on the disk that contain a text. */
  readonly keptNames: (appId: string, text: string, limit: number) => readonly string[]
  /** Carries updates to open pages. */
  readonly channels: PageChannels
  readonly refusals: RefusalService
  /**
   * Whom a change of the rules around a namespace would affect.
   * @param viewer the account that is shown the result; undefined for one that may see everybody
   */
  readonly impact: (viewer: Account | undefined, namespace: string, changed: ChangedRules) => Impact
  readonly backups: BackupFolder
  readonly health: Health
  readonly clock: Clock
  /** Origins of pages that may connect. */
  readonly allowedOrigins: readonly string[]
  /** Makes a change of the settings apply at once. */
  readonly onChange: () => void
  readonly onRefusal: (why: Failure, detail: { readonly address: string }) => void
  readonly onBug: (error: unknown) => void
  /** Other ways to sign in than with a password. */
  readonly providers: readonly Provider[]
  readonly basePath: string
  /** The address that clients use, where the operator has said it. */
  readonly publicUrl: string | undefined
}
