/** A TCP connection on which an attacker writes what it likes, and reads as little as it likes. */
import type { Socket } from 'bun'

export class RawLink {
  /** Bytes that have come back. */
  received = 0
  /** The first of them, as text. */
  start = ''
  isClosed = false
  readonly #ended = Promise.withResolvers<void>()
  #socket: Socket | undefined
  #waiting: Uint8Array[] = []

  static async connect(port: number): Promise<RawLink> {
    const link = new RawLink()
    link.#socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        data: (_, chunk) => link.#receive(chunk),
        drain: () => link.#drain(),
        close: () => link.#end(),
        error: () => link.#end(),
      },
    })
    return link
  }

  /** Settles when the server has closed it. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  write(content: string | Uint8Array): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    if (this.#waiting.length > 0) {
      this.#waiting.push(bytes)
      return
    }
    const written = Math.max(0, this.#socket?.write(bytes) ?? 0)
    if (written < bytes.length) this.#waiting.push(bytes.subarray(written))
  }

  /** Reads nothing more. */
  pause(): void {
    this.#socket?.pause()
  }

  end(): void {
    this.#socket?.terminate()
  }

  #receive(chunk: Uint8Array): void {
    if (this.received === 0) this.start = Buffer.from(chunk).toString('latin1', 0, 200)
    this.received += chunk.length
  }

  #drain(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const bytes of waiting) this.write(bytes)
  }

  #end(): void {
    this.isClosed = true
    this.#ended.resolve()
  }
}
