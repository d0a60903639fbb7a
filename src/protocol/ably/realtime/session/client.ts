/** One client over one transport, as handlers of its frames see it: identity, attachments, limits, and sending. */
import { Allowance } from '../../../../core/access/allowance.ts'
import { type ChannelRef, type Frame, type Socket, channelRef } from '../../../../core/types.ts'
import { SmallMap } from '../../../../core/channel/small-map.ts'
import type { Clock } from '../../../../core/clock.ts'
import type { Failure } from '../../../../failure.ts'
import type { Rate } from '../../../../policy/rate-limits.ts'
import { type ErrorInfo, errorInfo } from '../../errors/error-info.ts'
import type { AttachOptions } from '../../wire/attach-params.ts'
import type { QualifiedName } from '../../wire/channel-name.ts'
import type { Format } from '../../wire/format.ts'
import type { ObjectDialect } from '../../wire/objects/object-actions.ts'
import { controlFrame } from '../../wire/frames.ts'
import type { Attached } from '../attaching/attached.ts'
import type { Connection } from '../connection/connection.ts'
import type { ConnectRequest } from './connect-request.ts'

/** What the log may contain about a refusal. */
export interface RealtimeDetail {
  readonly address: string
  readonly app: string | undefined
  readonly channel: string | undefined
}

export interface ClientParts {
  readonly clock: Clock
  readonly limits: {
    /** Messages that one connection may publish. */
    readonly messages: Rate
    /** Frames of any kind that one connection may send. */
    readonly frames: Rate
  }
  readonly onRefusal: (why: Failure, detail: RealtimeDetail) => void
}

/** Messages or members that cost as much to send as a frame costs to receive. */
const ITEMS_PER_FRAME = 12
/** The most frames that one answer is charged as: a client that resumes many channels must not run out of allowance. */
const MAX_CHARGE = 8

export class Client {
  readonly socket: Socket
  readonly format: Format
  /** How it reads operations on objects. */
  readonly objects: ObjectDialect
  /** Whether its own messages come back to it (RTN2b). */
  readonly echo: boolean
  /** The append roll-up window: milliseconds for which appends of this client may be collected into one. */
  readonly rollupMs: number
  /** By channel name as it stands in frames, qualifier included. */
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
    this.objects = options.objects
    this.echo = options.echo
    this.rollupMs = options.rollupMs
    this.#base = base
    this.#frames = new Allowance(parts.limits.frames, parts.clock)
  }

  /** Set once the client is authenticated; not to be read before. */
  set connection(connection: Connection) {
    this.#connection = connection
  }

  get connection(): Connection {
    return this.#connection!
  }

  /** The allowance for publishing, created on first use because most clients publish nothing. */
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

  /** Charges for channels that are authorized again because the client sent a new token. */
  chargeFrames(count: number): void {
    this.#frames.spend(count)
  }

  /** Charges for messages or members that are sent because the client asked for them. */
  charge(items: number): void {
    this.#frames.spend(Math.min(items / ITEMS_PER_FRAME, MAX_CHARGE))
  }

  /** Records a refusal, with the channel it was about. */
  refused(why: Failure, channel?: string): void {
    const { address } = this.socket
    this.#parts.onRefusal(why, { address, app: this.#connection?.appId, channel })
  }
}

/** The channel that a name stands for; meta channels are apart from channels of the same name. */
export function refOf({ connection }: Client, name: QualifiedName): ChannelRef {
  return channelRef(connection.appId, name.qualifier === 'meta' ? name.resource : name.name)
}

/** Whether what the client publishes does not come back to it (RTN2b, TB4). */
export function isEchoOff({ echo }: Client, options: AttachOptions | undefined): boolean {
  return !echo || options?.echo === false
}
