/** One client that listens over HTTP: a socket which only sends, with a bounded memory of what was not fetched yet. */
import type { Attachment } from '../../../core/channel/channel.ts'
import type { Frame, Socket } from '../../../core/types.ts'
import type { Failure } from '../../../failure.ts'
import type { Credentials } from '../../../identity/credentials.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import { errorInfo } from '../errors/error-info.ts'
import type { TokenEnd } from '../connection/token-expiry.ts'
import { type StreamEvent, KEEPALIVE, type Style, eventText } from './stream-format.ts'

export interface StreamParts {
  readonly id: number
  readonly address: string
  readonly secure: boolean
  /** Of the page that listens; null for a program. */
  readonly origin: string | null
  /** The server as the client addresses it, for links in errors. */
  readonly base: string
  readonly style: Style
  /** Whether silence is broken by events, and not by what no client reads. */
  readonly hasHeartbeats: boolean
  /** Bytes that may be queued until they are fetched. */
  readonly maxBacklogBytes: number
  readonly credentials: Credentials
  readonly principal: AppPrincipal
  /** The clock's elapsed time. */
  readonly now: () => number
  readonly punish: () => void
  /** Called when the client may have read some of what was queued. */
  readonly onTaken: (stream: EventStream) => void
  /** Called when the stream has ended, with the close reason. */
  readonly onEnd: (stream: EventStream, reason: string) => void
}

const encoder = new TextEncoder()

export class EventStream implements Socket {
  readonly parts: StreamParts
  readonly attachments: Attachment[] = []
  principal: AppPrincipal
  /** When the credentials have to be checked again. */
  token: TokenEnd | undefined
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #lastSent: number
  #sentBytes = 0
  /** Bytes that the client has read, and when that last increased. */
  #takenBytes = 0
  #takenAt: number
  #isOver = false

  constructor(parts: StreamParts) {
    this.parts = parts
    this.principal = parts.principal
    this.#lastSent = parts.now()
    this.#takenAt = this.#lastSent
  }

  get id(): number {
    return this.parts.id
  }

  get address(): string {
    return this.parts.address
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get waitingBytes(): number {
    const { maxBacklogBytes } = this.parts
    return maxBacklogBytes - (this.#controller?.desiredSize ?? maxBacklogBytes)
  }

  /** The body of the response. */
  open(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.parts.onTaken(this),
        cancel: () => this.#end('client'),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: this.parts.maxBacklogBytes }),
    )
  }

  send(frame: Frame): void {
    this.fill(frame)
    const controller = this.#controller
    if (this.#isOver || !controller || (controller.desiredSize ?? 0) > 0) return
    // A client that is cut off here resumes after the last event that it got, and loses nothing.
    this.#end('slow_reader')
    controller.error(new Error('the reader is too slow'))
  }

  /** Sends without a check of the limit: a single event of the backlog may exceed it. */
  fill(frame: Frame): void {
    if (this.#isOver) return
    this.#lastSent = this.parts.now()
    const bytes = typeof frame === 'string' ? encoder.encode(frame) : frame
    this.#sentBytes += bytes.length
    this.#controller?.enqueue(bytes)
  }

  event(event: StreamEvent): void {
    this.send(eventText(event, this.parts.style))
  }

  /** @param id the position from which the client is to resume */
  error(why: Failure, id?: string): void {
    const json = JSON.stringify(errorInfo(why, this.parts.base))
    this.event({ event: 'error', data: { json }, id })
  }

  /** Sends a keep-alive if nothing was sent for so many milliseconds. */
  keepAlive(quietMs: number): void {
    if (this.parts.now() - this.#lastSent < quietMs) return
    if (this.parts.hasHeartbeats) this.event({ event: 'heartbeat' })
    else this.send(KEEPALIVE[this.parts.style])
  }

  /** Ends the stream if the client has read nothing of what is queued for so many milliseconds. */
  endUnread(unreadMs: number): void {
    const now = this.parts.now()
    const taken = this.#sentBytes - this.waitingBytes
    if (this.waitingBytes <= 0 || taken > this.#takenBytes) {
      this.#takenBytes = taken
      this.#takenAt = now
    } else if (now - this.#takenAt >= unreadMs) {
      this.#end('idle')
      this.#controller?.error(new Error('nobody reads'))
    }
  }

  close(_code: number, reason: string): void {
    if (this.#isOver) return
    this.#end(reason)
    this.#controller?.close()
  }

  punish(code: number, reason: string): void {
    this.parts.punish()
    this.close(code, reason)
  }

  #end(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.parts.onEnd(this, reason)
  }
}
