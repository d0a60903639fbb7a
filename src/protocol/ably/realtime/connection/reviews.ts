/** Connections to be authenticated again because a key, a token or a rule of their app has changed. */
import type { Connection } from './connection.ts'

/** Connections that are authenticated in one turn of the event loop, so that a large app does not block it. */
const REVIEWED_AT_ONCE = 500

export class Reviews {
  readonly #waiting = new Set<Connection>()
  #isUnderway = false

  /** Queues connections to be authenticated again. */
  enlist(connections: Iterable<Connection>): void {
    for (const connection of connections) this.#waiting.add(connection)
    if (!this.#isUnderway) this.#reviewSome()
  }

  /**
   * To be called before a frame of a connection is handled, and when it is over.
   * @returns whether it was queued: the caller then authenticates it at once
   */
  forget(connection: Connection): boolean {
    return this.#waiting.delete(connection)
  }

  #reviewSome(): void {
    let left = REVIEWED_AT_ONCE
    for (const connection of this.#waiting) {
      if (left-- === 0) {
        this.#isUnderway = true
        setImmediate(() => this.#reviewSome())
        return
      }
      this.#waiting.delete(connection)
      connection.transport?.review()
    }
    this.#isUnderway = false
  }
}
