/** Bun's WebSocket handlers: frames to sessions, and the registry of open sockets. */
import { largestText } from '../policy/rate-limits.ts'
import type { ServerWebSocket, WebSocketHandler } from 'bun'
import { type Counters, count } from '../core/counting/counters.ts'
import type { Socket } from '../core/types.ts'
import type { Admission } from './admission.ts'
import { Connection } from './connection.ts'
import { Inbound } from './inbound.ts'
import type { Silence } from './silence.ts'

export interface SocketParts {
  readonly admission: Admission
  readonly counters: Counters
  readonly maxMessageBytes: number
  readonly maxBacklogBytes: number
  readonly idleTimeout: number
  readonly silence: Silence
  /** Milliseconds of a clock that never steps. */
  readonly elapsed: () => number
}

/** The frame size at which Bun itself hangs up; below it a protocol can still say why (L-3). */
const MIN_FRAME_LIMIT = 1_048_576
/** What may wait to be handled, of one socket in frames of the greatest size, and of all together. */
const INBOX_FRAMES = 64
const MAX_INBOX_BYTES = 134_217_728
/** https://bun.com/docs/runtime/http/websockets: the greatest `idleTimeout`. */
const MAX_BUN_IDLE_SECONDS = 960
const BUN_SWEEP_SECONDS = 4

export class Sockets {
  readonly #parts: SocketParts
  readonly #open = new Set<Connection>()
  readonly #inbound: Inbound
  readonly #silence: Silence

  constructor(parts: SocketParts) {
    this.#parts = parts
    this.#silence = parts.silence
    this.#inbound = new Inbound({
      now: parts.elapsed,
      maxSocketBytes: frameLimit(parts) * INBOX_FRAMES,
      maxBytes: MAX_INBOX_BYTES,
    })
  }

  get open(): ReadonlySet<Connection> {
    return this.#open
  }

  handlers(): WebSocketHandler<Connection> {
    return {
      maxPayloadLength: frameLimit(this.#parts),
      // Without this a reader at its limit would lose frames in silence (rule 2 of src/docs/architecture.md).
      backpressureLimit: this.#parts.maxBacklogBytes,
      closeOnBackpressureLimit: true,
      idleTimeout: bunsIdleTimeout(this.#parts.idleTimeout),
      // Bun's own are sent only where nothing else is.
      sendPings: false,
      perMessageDeflate: false,
      open: (ws) => this.#onOpen(ws),
      message: (ws, frame) => {
        this.#silence.heard(ws.data)
        this.#inbound.receive(ws.data, frame)
      },
      ping: (ws) => this.#silence.heard(ws.data),
      pong: (ws) => this.#silence.heard(ws.data),
      drain: (ws) => ws.data.drained(),
      close: (ws, code, reason) => this.#onClose(ws, code, reason),
    }
  }

  /** Marks who of them is being cut off for being behind: of the close that follows Bun tells no reason. */
  markSlowReaders(sockets: Iterable<Socket>): void {
    for (const socket of sockets) {
      // Streams and polls over HTTP look after themselves.
      if (socket instanceof Connection && socket.waitingBytes > this.#parts.maxBacklogBytes)
        socket.isCutOff = true
    }
  }

  #onOpen(ws: ServerWebSocket<Connection>): void {
    const connection = ws.data
    this.#open.add(connection)
    this.#parts.admission.opened(connection.address)
    this.#parts.counters.connectionsOpened++
    this.#parts.counters.connections++
    this.#silence.begin(connection)
    connection.open(ws)
  }

  #onClose(ws: ServerWebSocket<Connection>, code: number, reason: string): void {
    const connection = ws.data
    if (!this.#open.delete(connection)) return
    this.#parts.admission.closed(connection.address)
    this.#parts.counters.connections--
    count(this.#parts.counters.closes, closeReason(connection, code, reason))
    this.#silence.end(connection)
    this.#inbound.closed(connection)
  }
}

/**
 * Seconds after which Bun itself gives a socket up. It looks every 4 s only and comes up to 4 s early, so it has to
 * leave whoever is asked and answers the time to do so: `Silence` alone tells who is gone.
 */
function bunsIdleTimeout(seconds: number): number {
  return Math.min(MAX_BUN_IDLE_SECONDS, seconds + 2 * BUN_SWEEP_SECONDS)
}

function frameLimit({ maxMessageBytes }: SocketParts): number {
  return Math.max(MIN_FRAME_LIMIT, largestText(maxMessageBytes))
}

/** Bun reports 1006 for everything that did not end with a closing handshake; its reason text tells more. */
function closeReason(connection: Connection, code: number, reason: string): string {
  if (connection.closeReason !== undefined) return connection.closeReason
  if (code !== 1006) return 'client'
  if (reason.includes('inactivity')) return 'idle'
  if (reason.includes('too big message')) return 'message_too_large'
  if (reason !== '') return 'protocol_error'
  return connection.isCutOff ? 'slow_reader' : 'lost'
}
