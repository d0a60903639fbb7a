/** One WebSocket: what the transport, the fan-out and a protocol session each need of it, in one object. */
import type { ServerWebSocket } from 'bun'
import type { Frame } from '../core/types.ts'
import type { TopicSocket } from '../fanout/topics.ts'
import type { Opening, Session } from '../protocol/protocol.ts'
import type { Admission } from './admission.ts'

export class Connection implements TopicSocket {
  /** Set when the socket opens; nothing touches it before. */
  ws!: ServerWebSocket<Connection>
  session: Session | undefined
  hasPrivateTopic = false
  /** Whether it was behind when readers were last looked at: tells a slow reader from a lost network. */
  isBehind = false
  /** Why the server closed it, if it was the server. */
  closeReason: string | undefined
  readonly id: number
  readonly address: string
  readonly #admission: Admission
  #opening: Opening | undefined

  constructor(id: number, address: string, opening: Opening, admission: Admission) {
    this.id = id
    this.address = address
    this.#opening = opening
    this.#admission = admission
  }

  open(ws: ServerWebSocket<Connection>): void {
    this.ws = ws
    const opening = this.#opening!
    // It holds on to the whole upgrade request, which must not live as long as the socket.
    this.#opening = undefined
    this.session = opening(this)
  }

  get waitingBytes(): number {
    return this.ws.getBufferedAmount()
  }

  send(frame: Frame): void {
    if (this.ws.send(frame) < 0) this.isBehind = true
  }

  ping(): void {
    this.ws.ping()
  }

  close(code: number, reason: string): void {
    this.closeReason ??= reason
    this.ws.close(code, reason)
  }

  punish(code: number, reason: string): void {
    this.#admission.ban(this.address)
    this.close(code, reason)
  }
}
