/** A request whose head comes first and most of whose body comes later, as from somebody on a bad line. */
import { RawSocket } from './raw-socket.ts'

export interface SlowInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

export class SlowRequest {
  readonly #socket: RawSocket
  readonly #rest: string

  private constructor(socket: RawSocket, rest: string) {
    this.#socket = socket
    this.#rest = rest
  }

  /** Sends the head and one byte of the body, and waits until the server has surely looked at them. */
  static async begin(url: string, path: string, init: SlowInit): Promise<SlowRequest> {
    const { method = 'POST', headers = {}, body } = init
    const bytes = Buffer.from(body)
    const fields = { host: new URL(url).host, 'content-length': String(bytes.length), ...headers }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
    const socket = RawSocket.send(Number(new URL(url).port), head + body.slice(0, 1))
    await socket.flushed()
    // After two answers the server has read what its sockets held.
    for (let i = 0; i < 2; i++) await fetch(`${url}/health`)
    return new SlowRequest(socket, body.slice(1))
  }

  /** Sends the rest of the body. @returns the status of the answer */
  async finish(): Promise<number> {
    this.#socket.write(this.#rest)
    return this.#socket.answer()
  }

  /** The status of the answer to what has been sent so far. */
  answer(): Promise<number> {
    return this.#socket.answer()
  }

  get text(): string {
    return this.#socket.body
  }

  get head(): string {
    return this.#socket.head ?? ''
  }

  get isClosed(): boolean {
    return this.#socket.isClosed
  }

  hangUp(): void {
    this.#socket.destroy()
  }
}
