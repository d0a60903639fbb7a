/** The state of a connection that outlives its transport, so that it can be resumed (RTN15, RTN16). */
import type { Credentials } from '../../../../identity/credentials.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { Socket } from '../../../../core/types.ts'
import type { Failure } from '../../../../failure.ts'
import type { LiveConnection } from '../../connection/live-connections.ts'
import { AnswerBook } from '../acknowledging/answers.ts'
import { NEVER, type Timed } from '../../../../core/time/timer-wheel.ts'

/** What connections need of their transport. */
export interface Transport {
  readonly client: {
    readonly socket: Socket
    /** Whether its own messages come back to it. */
    readonly echo: boolean
    /** What it has attached, by the name in frames. */
    readonly attachments: { keys(): readonly string[] }
  }
  /** The connection is resumed over another transport. */
  superseded(): void
  /** Authenticates again, because keys, tokens or rules of the app have changed. */
  review(): void
  /** Sends acknowledgements that have become known. */
  acknowledge(): void
  /** Ends the connection for good, and says why. */
  expel(why: Failure): void
}

/** The principal of a connection, and the credentials that prove it. */
export interface Identified {
  readonly principal: AppPrincipal
  /** Kept to authenticate again when something about the app changes. */
  readonly credentials: Credentials
  readonly secure: boolean
}

export interface ConnectionOptions extends Identified {
  readonly id: string
  readonly secret: string
  /** When it was opened, in milliseconds since the epoch. */
  readonly since: number
  readonly remainPresentMs: number
  /** Called when a connection without a transport is due to lose its members, or to end. */
  readonly onDue: (connection: Connection, now: number) => void
}

export class Connection implements LiveConnection, Timed {
  readonly id: string
  readonly appId: string
  readonly since: number
  /** Milliseconds that members stay present after the transport is lost. */
  readonly remainPresentMs: number
  /** The same as a minimum after a restart of the server. */
  minPresentMs = 0
  identified: Identified
  /** The secret part of the connection key. */
  secret: string
  /** The secret before that, valid until a frame shows that the client knows the new one. */
  previousSecret: string | undefined
  transport: Transport | undefined
  /** Names of channels on which it has members present. */
  presentOn: Set<string> | undefined
  /** Changes of presence of which it is not known yet what became of them. */
  undecidedPresence = 0
  /** When the last transport was lost, by the clock's elapsed time; undefined while there is one. */
  droppedAt: number | undefined
  due = NEVER
  readonly #onDue: ConnectionOptions['onDue']
  #answers: AnswerBook | undefined

  constructor(options: ConnectionOptions) {
    const { principal, credentials, secure } = options
    this.id = options.id
    this.appId = principal.appId
    this.secret = options.secret
    this.since = options.since
    this.remainPresentMs = options.remainPresentMs
    this.identified = { principal, credentials, secure }
    this.#onDue = options.onDue
  }

  get principal(): AppPrincipal {
    return this.identified.principal
  }

  /** Created on first use, because most clients publish nothing. */
  get answers(): AnswerBook {
    return (this.#answers ??= new AnswerBook())
  }

  get connectionId(): string {
    return this.id
  }

  /** Undefined for an anonymous client, or one that may assume any client id and has none yet. */
  get clientId(): string | undefined {
    return this.principal.clientId
  }

  get socketWithoutEcho(): Socket | undefined {
    const client = this.transport?.client
    return client?.echo === false ? client.socket : undefined
  }

  /** The connection key, by which the client can resume. */
  get key(): string {
    return `${this.id}!${this.secret}`
  }

  /** To be called with each heartbeat: drops answers that the client has most likely received. */
  rest(): void {
    this.#answers?.rest()
  }

  wake(now: number): void {
    this.#onDue(this, now)
  }
}
