/**
 * Attachments with a backlog. They get what they missed as fast as their clients read: a server that sent it all
 * at once would have to cut them off for reading too slowly, and the next time again. And they take turns, so that
 * very many who come back at once keep nobody waiting for long.
 */
import type { FairTurns, Work } from '../../../../core/time/fair-turns.ts'
import type { Client } from '../session/client.ts'
import type { Attached } from './attached.ts'
import type { Backlog } from './backlog.ts'

export interface CatchingUpParts {
  readonly turns: FairTurns
  /** Bytes that may be queued on a socket before the rest is held back. */
  readonly roomBytes: number
  /** Called when the whole backlog has been sent: live events come next. */
  readonly onCaughtUp: (backlog: Backlog) => void
  /** Called when the channel no longer has what remains to be sent. */
  readonly onForgotten: (backlog: Backlog) => void
  readonly onBug: (error: unknown) => void
}

/** WebSocket close code (RFC 6455 7.4.1). */
const INTERNAL_ERROR = 1011

export class CatchingUp {
  readonly #parts: CatchingUpParts
  readonly #queues = new Map<Client, ClientQueue>()

  constructor(parts: CatchingUpParts) {
    this.#parts = parts
  }

  /** Sends what the socket has room for, and the rest as it drains. */
  begin(backlog: Backlog): void {
    const { attached, client } = backlog
    attached.backlog = backlog
    const queue =
      this.#queues.get(client) ?? new ClientQueue(this.#parts, client, () => this.release(client))
    this.#queues.set(client, queue)
    queue.backlogs.set(attached, backlog)
    this.#parts.turns.enlist(queue)
  }

  /** To be called when a socket has drained. */
  drained(client: Client): void {
    const queue = this.#queues.get(client)
    if (queue) this.#parts.turns.enlist(queue)
  }

  /** To be called when an attachment is over, or begins anew. */
  cancel(client: Client, attached: Attached | undefined): void {
    if (!attached?.backlog) return
    attached.backlog = undefined
    this.#queues.get(client)?.backlogs.delete(attached)
  }

  /** Forgets a client whose transport is gone, or who has no backlog left. */
  release(client: Client): void {
    const queue = this.#queues.get(client)
    if (!queue) return
    this.#queues.delete(client)
    this.#parts.turns.dismiss(queue)
  }
}

/** The backlogs of one client, sent one after the other in the order of attaching. */
class ClientQueue implements Work {
  readonly backlogs = new Map<Attached, Backlog>()
  readonly #parts: CatchingUpParts
  readonly #client: Client
  readonly #onEmpty: () => void

  constructor(parts: CatchingUpParts, client: Client, onEmpty: () => void) {
    this.#parts = parts
    this.#client = client
    this.#onEmpty = onEmpty
  }

  step(): number | undefined {
    if (this.#client.socket.waitingBytes >= this.#parts.roomBytes) return undefined
    for (const first of this.backlogs.values()) return this.#advance(first)
    this.#onEmpty()
    return undefined
  }

  failed(error: unknown): void {
    this.#parts.onBug(error)
    this.#client.socket.close(INTERNAL_ERROR, 'internal error')
  }

  #advance(backlog: Backlog): number {
    const piece = backlog.next()
    if (piece !== undefined && piece !== 'forgotten') {
      if (piece.frame !== undefined) this.#client.sendFrame(piece.frame)
      return piece.cost
    }
    const { attached } = backlog
    this.backlogs.delete(attached)
    attached.backlog = undefined
    if (piece === 'forgotten') this.#parts.onForgotten(backlog)
    else this.#parts.onCaughtUp(backlog)
    return 0
  }
}
