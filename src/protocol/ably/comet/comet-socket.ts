/** The socket of a session without a WebSocket: frames are queued until a request fetches them. */
import type { Frame, Socket } from '../../../core/types.ts'

/** A request that fetches frames. */
export interface Receiver {
  /** Bytes that it has taken and that the client has not read yet. */
  readonly waitingBytes: number
  /**
   * @param frames protocol messages as JSON text, at least one
   * @returns whether it takes more
   */
  take(frames: readonly string[]): boolean
  /** Ends the answer. */
  end(): void
}

export interface CometSocketParts {
  readonly id: number
  readonly address: string
  /** Bytes that may be queued until they are fetched. */
  readonly maxBacklogBytes: number
  /** Called when no request for frames is open any more. */
  readonly onAbandoned: () => void
  /** Called when one is open again. */
  readonly onRequested: () => void
  readonly punish: () => void
  /** Called when some of what was queued has gone out. */
  readonly onDrained: () => void
  /** Called when the socket has ended: by its session, by its client, or because too much was queued. */
  readonly onEnd: () => void
}

/** CONNECTED, which contains the connection key that later requests have in their path. */
const CONNECTED = /^\{"action":4[,}]/

export class CometSocket implements Socket {
  readonly id: number
  readonly address: string
  readonly #parts: CometSocketParts
  #waiting: string[] = []
  #bytes = 0
  #receiver: Receiver | undefined
  /** Earlier requests whose answers have not been read completely. */
  readonly #left = new Set<Receiver>()
  #isScheduled = false
  #isEnded = false
  #keys: readonly string[] = []

  constructor(parts: CometSocketParts) {
    this.id = parts.id
    this.address = parts.address
    this.#parts = parts
  }

  /** The newest first. */
  get keys(): readonly string[] {
    return this.#keys
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  get waitingBytes(): number {
    let bytes = this.#bytes + (this.#receiver?.waitingBytes ?? 0)
    for (const receiver of this.#left) {
      if (receiver.waitingBytes === 0) this.#left.delete(receiver)
      bytes += receiver.waitingBytes
    }
    return bytes
  }

  send(frame: Frame): void {
    if (this.#isEnded || typeof frame !== 'string') return
    if (CONNECTED.test(frame)) this.#learnKey(frame)
    if (this.#isFull()) this.#flush()
    // A slow reader is cut off, because frames must not be skipped.
    if (this.#isFull()) return this.#end()
    this.#waiting.push(frame)
    this.#bytes += frame.length
    if (this.#receiver) this.#schedule()
  }

  close(): void {
    this.#end()
  }

  punish(): void {
    this.#parts.punish()
    this.close()
  }

  /** A new request for frames replaces the one before. */
  receive(receiver: Receiver): void {
    if (this.#receiver) this.#letGo(this.#receiver)
    this.#receiver = receiver
    this.#parts.onRequested()
    if (this.#isEnded) return this.#flush()
    if (this.#waiting.length > 0) this.#schedule()
  }

  /** A request has ended, which does not end the connection. */
  release(receiver: Receiver): void {
    if (this.#receiver !== receiver) return
    this.#receiver = undefined
    this.#parts.onAbandoned()
    if (receiver.waitingBytes > 0) this.#left.add(receiver)
  }

  /** Ends a request; what it has taken still counts as queued until the client has read it. */
  #letGo(receiver: Receiver): void {
    receiver.end()
    if (receiver.waitingBytes > 0) this.#left.add(receiver)
  }

  #isFull(): boolean {
    return this.waitingBytes > this.#parts.maxBacklogBytes
  }

  #learnKey(frame: string): void {
    const { connectionDetails } = JSON.parse(frame) as {
      connectionDetails?: { connectionKey?: string }
    }
    const key = connectionDetails?.connectionKey
    if (key !== undefined && key !== this.#keys[0]) this.#keys = [key, ...this.#keys]
  }

  /** Frames of one turn of the event loop go out together. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const receiver = this.#receiver
    if (!receiver) return
    if (this.#waiting.length > 0) {
      const frames = this.#waiting
      this.#waiting = []
      this.#bytes = 0
      if (!receiver.take(frames)) this.release(receiver)
      if (!this.#isEnded) this.#parts.onDrained()
    }
    if (!this.#isEnded) return
    receiver.end()
    this.release(receiver)
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#parts.onEnd()
    this.#flush()
  }
}
