/** A connection over plain requests: what a session sends waits here until a request comes to fetch it. */
import type { Frame, Socket } from '../../../core/types.ts'

/** Whoever fetches frames. */
export interface Receiver {
  /** Bytes that it has taken and that have not gone out yet. */
  readonly waitingBytes: number
  /**
   * @param frames protocol messages as JSON text, at least one
   * @returns whether it takes more
   */
  take(frames: readonly string[]): boolean
  /** There will be no more. */
  end(): void
}

export interface CometSocketParts {
  readonly id: number
  readonly address: string
  /** Bytes that may wait to be fetched. */
  readonly maxBacklogBytes: number
  /** Nobody asks for frames any more. */
  readonly onAbandoned: () => void
  /** Somebody does again. */
  readonly onRequested: () => void
  readonly punish: () => void
  /** Some of what was waiting has gone out. */
  readonly onDrained: () => void
  /** The socket has ended: by its session, by its client, or for waiting too long. */
  readonly onEnd: () => void
}

/** What the session says first about its connection holds the key by which later requests name it. */
const CONNECTED = /^\{"action":4[,}]/

export class CometSocket implements Socket {
  readonly id: number
  readonly address: string
  readonly #parts: CometSocketParts
  #waiting: string[] = []
  #bytes = 0
  #receiver: Receiver | undefined
  /** Those of before, of which not all has gone out. */
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
    // As with any slow reader: it is told nothing rather than something with a hole in it.
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

  /** A request comes for frames; one that waited before it gets no more. */
  receive(receiver: Receiver): void {
    if (this.#receiver) this.#letGo(this.#receiver)
    this.#receiver = receiver
    this.#parts.onRequested()
    if (this.#isEnded) return this.#flush()
    if (this.#waiting.length > 0) this.#schedule()
  }

  /** A request went away, which says nothing about the connection. */
  release(receiver: Receiver): void {
    if (this.#receiver !== receiver) return
    this.#receiver = undefined
    this.#parts.onAbandoned()
    if (receiver.waitingBytes > 0) this.#left.add(receiver)
  }

  /** It gets no more; what it has taken still waits for its client to read it. */
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

  /** What one turn of the event loop sends goes out together. */
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
