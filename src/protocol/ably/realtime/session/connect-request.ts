/** A request to connect: its options, its credentials, and the principal that they prove. */
import type { Soon } from '../../../../core/soon.ts'
import type { Result } from '../../../../failure.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { Identified } from '../connection/connection.ts'
import type { ConnectOptions } from './connect-options.ts'

export interface ConnectRequest {
  readonly options: ConnectOptions
  readonly credentials: Identified['credentials']
  readonly secure: boolean
  /** The Origin header; null if the client is not a page. */
  readonly origin: string | null
  /** This server as the client addresses it, for links in errors. */
  readonly base: string
  /** A promise while a signature is being verified. */
  readonly principal: Soon<Result<AppPrincipal>>
}
