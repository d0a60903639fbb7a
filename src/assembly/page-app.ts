/** The server's own pages as an app, as far as the gate has to know one. */
import type { GateApp } from '../core/access/gate-parts.ts'
import { NO_APP_LIMITS } from '../policy/app-limits.ts'

/** What the server's own pages are told belongs to no app, and is decided by their sessions. */
export const PAGES_APP: GateApp = {
  status: 'enabled',
  tlsOnly: false,
  expiresAt: undefined,
  rules: new Map(),
  limits: NO_APP_LIMITS,
}
