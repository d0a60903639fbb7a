/** A connection of a client: what outlives the transport that it came with (RTN15, RTN16). */
import type { Credentials } from '../../../../identity/credentials.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { Socket } from '../../../../core/types.ts'
import type { Failure } from '../../../../failure.ts'
import type { LiveConnection } from '../../connection/live-connections.ts'
import { AnswerBook } from '../acknowledging/answers.ts'
import { NEVER, type Timed } from '../../../../core/time/timer-wheel.ts'

/** The transport of a connection, as far as others have to do with it. */
export interface Transport {
  readonly client: {
    readonly socket: Socket
    /** Whether its own messages come back to it. */
    readonly echo: boolean
    /** What it has attached, by the name in frames. */
    readonly attachments: { keys(): readonly string[] }
  }
  /** Another transport goes on with the connection. */
  superseded(): void
  /** Something about the app has changed: keys, tokens or rules. */
  review(): void
  /** Answers may have become known. */
  acknowledge(): void
  /** Ends the connection for good, and says why. */
  expel(why: Failure): void
}

/** Who a connection belongs to, and how they proved it. */
export interface Identified {
  readonly principal: AppPrincipal
  /** Kept, so that it can be asked again whether they still count. */
  readonly credentials: Credentials
  readonly secure: boolean
}

export interface ConnectionOptions extends Identified {
  readonly id: string
  readonly secret: string
  /** When it was opened, in milliseconds since the epoch. */
  readonly since: number
  readonly remainPresentMs: number
  /** Told when the time of a connection without a transport has come. */
  readonly onDue: (connection: Connection, now: number) => void
}

export class Connection implements LiveConnection, Timed {
  readonly id: string
  readonly appId: string
  readonly since: number
  /** How long members stay present when the transport is lost. */
  readonly remainPresentMs: number
  /** The same, where the server is to blame. */
  minPresentMs = 0
  identified: Identified
  /** What the key has beside the id. */
  secret: string
  /** That of the transport before: it counts until the client has shown that it knows the new one. */
  previousSecret: string | undefined
  transport: Transport | undefined
  /** Names of channels on which it has members present. */
  presentOn: Set<string> | undefined
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

  /** Most clients publish nothing, and have none. */
  get answers(): AnswerBook {
    return (this.#answers ??= new AnswerBook())
  }

  get connectionId(): string {
    return this.id
  }

  /** Undefined for a client that is anonymous, or that may be anybody and is nobody yet. */
  get clientId(): string | undefined {
    return this.principal.clientId
  }

  get socketWithoutEcho(): Socket | undefined {
    const client = this.transport?.client
    return client?.echo === false ? client.socket : undefined
  }

  /** The secret by which the client comes back. */
  get key(): string {
    return `${this.id}!${this.secret}`
  }

  /** To be told now and then, so that answers are let go of which the client has most likely got. */
  rest(): void {
    this.#answers?.rest()
  }

  wake(now: number): void {
    this.#onDue(this, now)
  }
}
