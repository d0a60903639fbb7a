/** Connections without a transport, by the share that they count towards. */
import { greatest } from '../../../../policy/shares.ts'
import type { Connection } from './connection.ts'

export class DisconnectedConnections {
  readonly #shareOf: (appId: string) => string
  /** By share, in the order in which they lost their transports. */
  readonly #shares = new Map<string, Set<Connection>>()
  readonly #shareOfEach = new Map<Connection, string>()

  constructor(shareOf: (appId: string) => string) {
    this.#shareOf = shareOf
  }

  get size(): number {
    return this.#shareOfEach.size
  }

  add(connection: Connection): void {
    const share = this.#shareOf(connection.appId)
    this.#shareOfEach.set(connection, share)
    const known = this.#shares.get(share)
    if (known) known.add(connection)
    else this.#shares.set(share, new Set([connection]))
  }

  delete(connection: Connection): void {
    const share = this.#shareOfEach.get(connection)
    if (share === undefined) return
    this.#shareOfEach.delete(connection)
    const others = this.#shares.get(share)!
    others.delete(connection)
    if (others.size === 0) this.#shares.delete(share)
  }

  /** The one to be ended first when there are too many: the oldest of the share that has most. */
  first(): Connection {
    const most = greatest(this.#shares.values(), ({ size }) => size)!
    return most.values().next().value!
  }
}
