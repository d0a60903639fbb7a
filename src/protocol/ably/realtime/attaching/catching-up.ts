/**
 * Attachments that are behind. They get what they missed as fast as their clients read: a server that sent it all
 * at once would have to cut them off for reading too slowly, and the next time again. And they take turns, so that
 * very many who come back at once keep nobody waiting for long.
 */
import type { FairTurns, Work } from '../../../../core/fair-turns.ts'
import type { Behind } from './backlog.ts'
import type { Client } from '../session/client.ts'

export interface CatchingUpParts {
  readonly turns: FairTurns
  /** Bytes that may wait to go out before the rest is held back. */
  readonly roomBytes: number
  /** It has been sent everything, and hears what is live from now on. */
  readonly onLevel: (behind: Behind) => void
  /** Its channel has forgotten what it has not been sent yet. */
  readonly onGone: (behind: Behind) => void
  readonly onBug: (error: unknown) => void
}

const INTERNAL_ERROR = 1011

export class CatchingUp {
  readonly #parts: CatchingUpParts
  readonly #lines = new Map<Client, Line>()

  constructor(parts: CatchingUpParts) {
    this.#parts = parts
  }

  /** Sends what there is room for; the rest as there is more. */
  begin(behind: Behind): void {
    const { client } = behind
    behind.attached.behind = behind
    const line =
      this.#lines.get(client) ?? new Line(this.#parts, client, () => this.release(client))
    this.#lines.set(client, line)
    line.behind.add(behind)
    this.#parts.turns.enlist(line)
  }

  /** To be told when a client has taken some of what was waiting for it. */
  drained(client: Client): void {
    const line = this.#lines.get(client)
    if (line) this.#parts.turns.enlist(line)
  }

  /** To be told when an attachment is over, or begins anew. */
  cancel(behind: Behind | undefined): void {
    if (!behind) return
    behind.attached.behind = undefined
    this.#lines.get(behind.client)?.behind.delete(behind)
  }

  /** The transport is gone, or nothing is left to be sent. */
  release(client: Client): void {
    const line = this.#lines.get(client)
    if (!line) return
    this.#lines.delete(client)
    this.#parts.turns.dismiss(line)
  }
}

/** What one client has to be sent: attachment by attachment, in the order in which they were attached. */
class Line implements Work {
  readonly behind = new Set<Behind>()
  readonly #parts: CatchingUpParts
  readonly #client: Client
  readonly #onDone: () => void

  constructor(parts: CatchingUpParts, client: Client, onDone: () => void) {
    this.#parts = parts
    this.#client = client
    this.#onDone = onDone
  }

  step(): number | undefined {
    if (this.#client.socket.waitingBytes >= this.#parts.roomBytes) return undefined
    for (const first of this.behind) return this.#advance(first)
    this.#onDone()
    return undefined
  }

  failed(error: unknown): void {
    this.#parts.onBug(error)
    this.#client.socket.close(INTERNAL_ERROR, 'internal error')
  }

  #advance(behind: Behind): number {
    const piece = behind.next()
    if (piece !== undefined && piece !== 'gone') {
      if (piece.frame !== undefined) this.#client.sendFrame(piece.frame)
      return piece.cost
    }
    this.behind.delete(behind)
    behind.attached.behind = undefined
    if (piece === 'gone') this.#parts.onGone(behind)
    else this.#parts.onLevel(behind)
    return 0
  }
}
