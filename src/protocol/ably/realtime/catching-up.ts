/**
 * Attachments that are behind. They get what they missed as fast as their clients read: a server that sent it all
 * at once would have to cut them off for reading too slowly, and the next time again.
 */
import type { Behind } from './behind.ts'
import type { Client } from './client.ts'

export interface CatchingUpParts {
  /** Bytes that may wait to go out before the rest is held back. */
  readonly roomBytes: number
  /** It has been sent everything, and hears what is live from now on. */
  readonly onLevel: (behind: Behind) => void
  /** Its channel has forgotten what it has not been sent yet. */
  readonly onGone: (behind: Behind) => void
}

export class CatchingUp {
  readonly #parts: CatchingUpParts
  /** By client, in the order in which they were attached. */
  readonly #waiting = new Map<Client, Set<Behind>>()

  constructor(parts: CatchingUpParts) {
    this.#parts = parts
  }

  /** Sends what there is room for; the rest as there is more. */
  begin(behind: Behind): void {
    behind.attached.behind = behind
    const others = this.#waiting.get(behind.client)
    if (others) others.add(behind)
    else if (!this.#advance(behind)) this.#waiting.set(behind.client, new Set([behind]))
  }

  /** To be told when a client has taken some of what was waiting for it. */
  drained(client: Client): void {
    const waiting = this.#waiting.get(client)
    if (!waiting) return
    for (const behind of waiting) {
      if (!this.#advance(behind)) return
      waiting.delete(behind)
    }
    this.#waiting.delete(client)
  }

  /** To be told when an attachment is over, or begins anew. */
  cancel(behind: Behind | undefined): void {
    if (!behind) return
    behind.attached.behind = undefined
    this.#waiting.get(behind.client)?.delete(behind)
  }

  /** The transport is gone. */
  release(client: Client): void {
    this.#waiting.delete(client)
  }

  /** @returns whether that was all */
  #advance(behind: Behind): boolean {
    const { roomBytes, onGone, onLevel } = this.#parts
    const { attached, client } = behind
    while (client.socket.waitingBytes < roomBytes) {
      const frame = behind.next()
      if (frame !== undefined && frame !== 'gone') {
        client.sendFrame(frame)
        continue
      }
      attached.behind = undefined
      if (frame === 'gone') onGone(behind)
      else onLevel(behind)
      return true
    }
    return false
  }
}
