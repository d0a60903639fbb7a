/** Whose things are, as far as it matters for what they may take up. */
import type { AppLimits } from '../policy/app-limits.ts'

export interface Owners {
  /** The share that an app belongs to; also of a realm that is none. */
  shareOf(realm: string): string
  /** The share that a channel of the commons belongs to. */
  shareOfName(channel: string): string
  limitsOf(realm: string): AppLimits
}
