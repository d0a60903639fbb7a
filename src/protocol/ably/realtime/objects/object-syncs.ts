/**
 * Objects on their way to clients that have just attached: as fast as their clients read, and in turns, so that large
 * ones keep nobody waiting.
 */
import type { Channel } from '../../../../core/channel/channel.ts'
import { MODE, type Modes, has } from '../../../../core/modes.ts'
import { readHistory } from '../../../../core/history/history.ts'
import type { IdSource } from '../../../../core/id-source.ts'
import type { Objects } from '../../../../core/propose/objects.ts'
import type { FairTurns, Work } from '../../../../core/time/fair-turns.ts'
import { PIECE_COST } from '../../../../core/time/fair-turns.ts'
import type { Attached } from '../attaching/attached.ts'
import type { Client } from '../session/client.ts'
import { ObjectPages } from './object-pages.ts'

export interface ObjectSyncParts {
  readonly objects: Objects
  readonly ids: IdSource
  readonly turns: FairTurns
  /** Bytes that may be queued on a socket before the rest is held back. */
  readonly roomBytes: number
  readonly onBug: (error: unknown) => void
}

const SYNC_ID_LENGTH = 8
/** WebSocket close code (RFC 6455 7.4.1). */
const INTERNAL_ERROR = 1011

export class ObjectSyncs {
  readonly #parts: ObjectSyncParts
  readonly #queues = new Map<Client, SyncQueue>()

  constructor(parts: ObjectSyncParts) {
    this.#parts = parts
  }

  /** Brings objects into memory before an attachment is answered. @throws HistoryFault where they cannot be read */
  prepare(channel: Channel, modes: Modes): void {
    if (has(modes, MODE.objectSubscribe)) this.#parts.objects.of(channel)
  }

  /**
   * Sends the objects of a channel to whoever reads them; a sync that is going on there is over. To be called right
   * after ATTACHED, in the turn in which the attachment has joined those who are told of operations.
   */
  begin(client: Client, attached: Attached): void {
    const { attachment, text } = attached
    if (!has(attachment.modes, MODE.objectSubscribe)) return this.cancel(client, attached)
    const { ids, objects, turns } = this.#parts
    const read = readHistory(() => objects.of(attachment.channel))
    if (!read.ok) {
      // It comes back, and is told then what cannot be read.
      client.refused(read.failure, text)
      return client.socket.close(INTERNAL_ERROR, 'internal error')
    }
    const found = read.value
    client.charge(found.size)
    const form = { format: client.format, dialect: client.objects }
    const pages = new ObjectPages(found, { text, syncId: ids.next(SYNC_ID_LENGTH), form })
    const queue = this.#queues.get(client) ?? this.#queueFor(client)
    queue.syncs.delete(attached)
    queue.syncs.set(attached, pages)
    turns.enlist(queue)
  }

  /** To be called when a socket has drained. */
  drained(client: Client): void {
    const queue = this.#queues.get(client)
    if (queue) this.#parts.turns.enlist(queue)
  }

  /** To be called when an attachment is over. */
  cancel(client: Client, attached: Attached): void {
    this.#queues.get(client)?.syncs.delete(attached)
  }

  /** Forgets a client whose transport is gone, or who has been sent everything. */
  release(client: Client): void {
    const queue = this.#queues.get(client)
    if (!queue) return
    this.#queues.delete(client)
    this.#parts.turns.dismiss(queue)
  }

  #queueFor(client: Client): SyncQueue {
    const queue = new SyncQueue(this.#parts, client, () => this.release(client))
    this.#queues.set(client, queue)
    return queue
  }
}

/** The syncs of one client, one after the other. */
class SyncQueue implements Work {
  readonly syncs = new Map<Attached, ObjectPages>()
  readonly #parts: ObjectSyncParts
  readonly #client: Client
  readonly #onEmpty: () => void

  constructor(parts: ObjectSyncParts, client: Client, onEmpty: () => void) {
    this.#parts = parts
    this.#client = client
    this.#onEmpty = onEmpty
  }

  step(): number | undefined {
    if (this.#client.socket.waitingBytes >= this.#parts.roomBytes) return undefined
    for (const [attached, pages] of this.syncs) return this.#advance(attached, pages)
    this.#onEmpty()
    return undefined
  }

  failed(error: unknown): void {
    this.#parts.onBug(error)
    this.#client.socket.close(INTERNAL_ERROR, 'internal error')
  }

  #advance(attached: Attached, pages: ObjectPages): number {
    const frame = has(attached.attachment.modes, MODE.objectSubscribe) ? pages.next() : undefined
    if (frame === undefined) {
      this.syncs.delete(attached)
      return PIECE_COST
    }
    this.#client.sendFrame(frame)
    return PIECE_COST + frame.length
  }
}
