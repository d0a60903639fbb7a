/** Connections whose credentials have to be looked at again because something about their app has changed. */
import type { Connection } from './connection.ts'

/** Connections that are looked at in one turn, so that a large app stops nobody else. */
const REVIEWED_AT_ONCE = 500

export class Reviews {
  readonly #waiting = new Set<Connection>()
  #isUnderway = false

  /** Has the credentials of connections looked at, so many a turn. */
  enlist(connections: Iterable<Connection>): void {
    for (const connection of connections) this.#waiting.add(connection)
    if (!this.#isUnderway) this.#reviewSome()
  }

  /**
   * To be called when a connection is about to do something, or is over.
   * @returns whether its credentials have yet to be looked at, which is up to the caller then
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
