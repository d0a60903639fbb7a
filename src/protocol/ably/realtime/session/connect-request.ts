/** How a client connects: what it asks for, the credentials that it shows, and who it is found to be by them. */
import type { Soon } from '../../../../core/soon.ts'
import type { Result } from '../../../../failure.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { Identified } from '../connection/connection.ts'
import type { ConnectOptions } from './connect-options.ts'

export interface ConnectRequest {
  readonly options: ConnectOptions
  readonly credentials: Identified['credentials']
  readonly secure: boolean
  /** Of the page that connects; null for a program. */
  readonly origin: string | null
  /** This server as the client addresses it, for links in errors. */
  readonly base: string
  /** Later while a signature is being checked. */
  readonly principal: Soon<Result<AppPrincipal>>
}
