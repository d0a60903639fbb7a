/** One WebSocket: what the transport, the fan-out and a protocol session each need of it, in one object. */
import type { ServerWebSocket } from 'bun'
import type { Frame } from '../core/types.ts'
import type { TopicSocket } from '../fanout/topics.ts'
import type { Opening, Session } from '../protocol/protocol.ts'

export class Connection implements TopicSocket {
  readonly id: number
  readonly address: string
  readonly protocol: string
  readonly since: number
  /** Set when the socket opens; nothing touches it before. */
  ws!: ServerWebSocket<Connection>
  session: Session | undefined
  hasPrivateTopic = false
  /** Whether it was behind when readers were last looked at: tells a slow reader from a lost network. */
  isBehind = false
  /** Why the server closed it, if it was the server. */
  closeReason: string | undefined
  readonly #opening: Opening
  readonly #ban: (address: string) => void

  constructor(init: ConnectionInit) {
    this.id = init.id
    this.address = init.address
    this.protocol = init.protocol
    this.since = init.since
    this.#opening = init.opening
    this.#ban = init.ban
  }

  open(ws: ServerWebSocket<Connection>): void {
    this.ws = ws
    this.session = this.#opening(this)
  }

  send(frame: Frame): void {
    this.ws.send(frame)
  }

  close(code: number, reason: string): void {
    this.closeReason ??= reason
    this.ws.close(code, reason)
  }

  punish(code: number, reason: string): void {
    this.#ban(this.address)
    this.close(code, reason)
  }
}

export interface ConnectionInit {
  readonly id: number
  readonly address: string
  readonly protocol: string
  readonly since: number
  readonly opening: Opening
  readonly ban: (address: string) => void
}
