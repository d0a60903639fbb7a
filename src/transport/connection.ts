/** One WebSocket: what the transport, the fan-out and a protocol session each need of it, in one object. */
import type { ServerWebSocket } from 'bun'
import { NEVER } from '../core/time/timer-wheel.ts'
import type { Frame } from '../core/types.ts'
import type { TopicSocket } from '../fanout/topics.ts'
import type { Opening, Session } from '../protocol/protocol.ts'
import type { Admission } from './admission.ts'
import type { Inbox, Sender } from './inbound.ts'
import type { Peer, Silence } from './silence.ts'

export interface ConnectionParts {
  readonly admission: Admission
  readonly silence: Silence
  /** An exception in a session: a bug, to be logged. */
  readonly onBug: (error: unknown) => void
}

/** WebSocket close codes (RFC 6455 7.4.1). */
const CLOSE = { policy: 1008, internal: 1011 } as const

export class Connection implements TopicSocket, Sender, Peer {
  /** Set when the socket opens; nothing touches it before. */
  ws!: ServerWebSocket<Connection>
  session: Session | undefined
  inbox: Inbox | undefined
  hasPrivateTopic = false
  due = NEVER
  heardAt = 0
  asked: Peer['asked'] = 'not'
  /** Whether it is being cut off for being too far behind: tells a slow reader from a lost network. */
  isCutOff = false
  /** Why the server closed it, if it was the server. */
  closeReason: string | undefined
  readonly id: number
  readonly address: string
  readonly #parts: ConnectionParts
  #opening: Opening | undefined

  constructor(id: number, address: string, opening: Opening, parts: ConnectionParts) {
    this.id = id
    this.address = address
    this.#opening = opening
    this.#parts = parts
  }

  /** A bug in one session ends that session, never the process or another's connection (rule 10 of src/docs/architecture.md). */
  handle(frame: Frame): void {
    try {
      this.session?.receive(frame)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** What is sent in answer goes out together, as it does in Bun's own handlers. */
  handleLater(frame: Frame): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.cork(() => this.handle(frame))
    else this.handle(frame)
  }

  handled(): void {
    try {
      this.session?.closed()
    } catch (error) {
      this.#fail(error)
    }
  }

  overflowed(): void {
    this.close(CLOSE.policy, 'flooding')
    this.handled()
    // What else comes until the end of the closing handshake is for nobody.
    this.session = undefined
  }

  open(ws: ServerWebSocket<Connection>): void {
    this.ws = ws
    const opening = this.#opening!
    // It holds on to the whole upgrade request, which must not live as long as the socket.
    this.#opening = undefined
    try {
      this.session = opening(this)
    } catch (error) {
      this.#fail(error)
    }
  }

  drained(): void {
    try {
      this.session?.drained?.()
    } catch (error) {
      this.#fail(error)
    }
  }

  get waitingBytes(): number {
    return this.ws.getBufferedAmount()
  }

  send(frame: Frame): void {
    if (this.ws.send(frame) === 0) this.isCutOff = true
  }

  ping(): void {
    this.ws.ping()
  }

  wake(now: number): void {
    this.#parts.silence.wake(this, now)
  }

  lost(): void {
    this.closeReason ??= 'idle'
    this.ws.terminate()
  }

  close(code: number, reason: string): void {
    this.closeReason ??= reason
    this.ws.close(code, reason)
  }

  punish(code: number, reason: string): void {
    this.#parts.admission.ban(this.address)
    this.close(code, reason)
  }

  #fail(error: unknown): void {
    this.#parts.onBug(error)
    this.ws.close(CLOSE.internal, 'internal error')
  }
}
