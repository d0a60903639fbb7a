/** One client over one transport, as those see it who deal with its frames. */
import { Allowance } from '../../../../core/access/allowance.ts'
import { type ChannelRef, type Frame, type Socket, channelRef } from '../../../../core/types.ts'
import type { Clock } from '../../../../core/clock.ts'
import type { Failure } from '../../../../failure.ts'
import type { Rate } from '../../../../policy/rate-limits.ts'
import { type ErrorInfo, errorInfo } from '../../errors/error-info.ts'
import type { AttachOptions } from '../../wire/attach-params.ts'
import type { QualifiedName } from '../../wire/channel-name.ts'
import type { Format } from '../../wire/format.ts'
import { controlFrame } from '../../wire/frames.ts'
import type { Attached } from '../attaching/attached.ts'
import type { Connection } from '../connection/connection.ts'
import type { ConnectRequest } from './connect-request.ts'
import { SmallMap } from './small-map.ts'

/** What the log may know of what was refused. */
export interface RealtimeDetail {
  readonly address: string
  readonly app: string | undefined
  readonly channel: string | undefined
}

export interface ClientParts {
  readonly clock: Clock
  readonly limits: {
    /** Of one connection: what it publishes. */
    readonly messages: Rate
    /** Of one connection: all that it sends. */
    readonly frames: Rate
  }
  readonly onRefusal: (why: Failure, detail: RealtimeDetail) => void
}

/** Messages or members that take as long to send as a frame to receive. */
const ITEMS_PER_FRAME = 12
/** Frames that one answer counts for at most: whoever comes back to many channels has to get through. */
const MAX_CHARGE = 8

export class Client {
  readonly socket: Socket
  readonly format: Format
  /** Whether its own messages come back to it (RTN2b). */
  readonly echo: boolean
  /** Milliseconds that what it appends may wait for more. */
  readonly rollupMs: number
  /** By the name in frames, with any qualifier. */
  readonly attachments = new SmallMap<Attached>()
  readonly #parts: ClientParts
  readonly #base: string
  readonly #frames: Allowance
  #allowance: Allowance | undefined
  #connection: Connection | undefined

  constructor(parts: ClientParts, socket: Socket, { base, options }: ConnectRequest) {
    this.#parts = parts
    this.socket = socket
    this.format = options.format
    this.echo = options.echo
    this.rollupMs = options.rollupMs
    this.#base = base
    this.#frames = new Allowance(parts.limits.frames, parts.clock)
  }

  /** Set once its credentials were found to count. */
  set connection(connection: Connection) {
    this.#connection = connection
  }

  get connection(): Connection {
    return this.#connection!
  }

  /** What pays for what it publishes. Most clients publish nothing, and have none. */
  get allowance(): Allowance {
    const { clock, limits } = this.#parts
    return (this.#allowance ??= new Allowance(limits.messages, clock))
  }

  send(message: Readonly<Record<string, unknown>>): void {
    this.socket.send(controlFrame(message, this.format))
  }

  sendFrame(frame: Frame): void {
    this.socket.send(frame)
  }

  errorInfo(why: Failure): ErrorInfo {
    return errorInfo(why, this.#base)
  }

  /** Counts a frame. @returns whether the client may send it now */
  takeFrame(): boolean {
    return this.#frames.take()
  }

  /** Counts channels about which is decided anew as frames: its client has asked for that. */
  chargeFrames(count: number): void {
    this.#frames.spend(count)
  }

  /** Counts messages or members that were sent because the client asked: asking counts for its limits. */
  charge(items: number): void {
    this.#frames.spend(Math.min(items / ITEMS_PER_FRAME, MAX_CHARGE))
  }

  /** To be told of what was not done for it. */
  refused(why: Failure, channel?: string): void {
    const { address } = this.socket
    this.#parts.onRefusal(why, { address, app: this.#connection?.appId, channel })
  }
}

/** The channel that a name stands for. Those of other spaces of names are channels of their own. */
export function refOf({ connection }: Client, name: QualifiedName): ChannelRef {
  return channelRef(connection.appId, name.qualifier === 'meta' ? name.resource : name.name)
}

/** Whether what the client publishes does not come back to it (RTN2b, TB4). */
export function isEchoOff({ echo }: Client, options: AttachOptions | undefined): boolean {
  return !echo || options?.echo === false
}
