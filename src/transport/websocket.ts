/** Bun's WebSocket handlers: frames to sessions, and the registry of open sockets. */
import type { ServerWebSocket, WebSocketHandler } from 'bun'
import { type Counters, count } from '../core/counters.ts'
import type { Frame, Socket } from '../core/types.ts'
import type { Admission } from './admission.ts'
import { Connection } from './connection.ts'

export interface SocketParts {
  readonly admission: Admission
  readonly counters: Counters
  readonly maxMessageBytes: number
  readonly maxBacklogBytes: number
  readonly idleTimeout: number
  /** An exception in a session: a bug, to be logged. */
  readonly onBug: (error: unknown) => void
}

/** The frame size at which Bun itself hangs up; below it a protocol can still say why (L-3). */
const MIN_FRAME_LIMIT = 1_048_576
const INTERNAL_ERROR = 1011

export class Sockets {
  readonly #parts: SocketParts
  readonly #open = new Set<Connection>()

  constructor(parts: SocketParts) {
    this.#parts = parts
  }

  get open(): ReadonlySet<Connection> {
    return this.#open
  }

  handlers(): WebSocketHandler<Connection> {
    return {
      maxPayloadLength: Math.max(MIN_FRAME_LIMIT, this.#parts.maxMessageBytes * 2),
      // Without this a reader at its limit would lose frames in silence (design rule 2).
      backpressureLimit: this.#parts.maxBacklogBytes,
      closeOnBackpressureLimit: true,
      idleTimeout: this.#parts.idleTimeout,
      sendPings: true,
      perMessageDeflate: false,
      open: (ws) => this.#onOpen(ws),
      message: (ws, frame) => this.#onMessage(ws, frame),
      drain: (ws) => this.#onDrain(ws),
      close: (ws, code, reason) => this.#onClose(ws, code, reason),
    }
  }

  /** Marks who is behind, so that a close that follows can be told from a lost network. */
  markSlowReaders(sockets: Iterable<Socket>): void {
    for (const socket of sockets) {
      // Streams and polls over HTTP look after themselves.
      if (socket instanceof Connection) socket.isBehind = socket.ws.getBufferedAmount() > 0
    }
  }

  #onOpen(ws: ServerWebSocket<Connection>): void {
    const connection = ws.data
    this.#open.add(connection)
    this.#parts.admission.opened(connection.address)
    this.#parts.counters.connectionsOpened++
    this.#parts.counters.connections++
    try {
      connection.open(ws)
    } catch (error) {
      this.#onBug(ws, error)
    }
  }

  #onMessage(ws: ServerWebSocket<Connection>, frame: Frame): void {
    try {
      ws.data.session?.receive(frame)
    } catch (error) {
      this.#onBug(ws, error)
    }
  }

  #onDrain(ws: ServerWebSocket<Connection>): void {
    ws.data.isBehind = false
    try {
      ws.data.session?.drained?.()
    } catch (error) {
      this.#onBug(ws, error)
    }
  }

  #onClose(ws: ServerWebSocket<Connection>, code: number, reason: string): void {
    const connection = ws.data
    if (!this.#open.delete(connection)) return
    this.#parts.admission.closed(connection.address)
    this.#parts.counters.connections--
    count(this.#parts.counters.closes, closeReason(connection, code, reason))
    try {
      connection.session?.closed()
    } catch (error) {
      this.#onBug(ws, error)
    }
  }

  /** A bug in one session ends that session, never the process or another's connection (design rule 10). */
  #onBug(ws: ServerWebSocket<Connection>, error: unknown): void {
    this.#parts.onBug(error)
    ws.close(INTERNAL_ERROR, 'internal error')
  }
}

/** Bun reports 1006 for everything that did not end with a closing handshake; its reason text tells more. */
function closeReason(connection: Connection, code: number, reason: string): string {
  if (connection.closeReason !== undefined) return connection.closeReason
  if (code !== 1006) return 'client'
  if (reason.includes('inactivity')) return 'idle'
  if (reason.includes('too big message')) return 'message_too_large'
  if (reason !== '') return 'protocol_error'
  return connection.isBehind ? 'slow_reader' : 'lost'
}
