/** How a client comes: what it wants, who it says it is, and what is found of that. */
import type { Result } from '../../../../failure.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { ConnectOptions } from './connect-options.ts'
import type { Identified } from '../connection/connection.ts'

export type Verdict = Result<AppPrincipal>

export interface Hello {
  readonly options: ConnectOptions
  readonly credentials: Identified['credentials']
  readonly secure: boolean
  /** Of the page that connects; null for a program. */
  readonly origin: string | null
  /** This server as the client addresses it, for links in errors. */
  readonly base: string
  /** Who it is; a promise while a signature is being checked. */
  readonly verdict: Verdict | Promise<Verdict>
}
