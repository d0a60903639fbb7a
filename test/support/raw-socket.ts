/** A TCP socket that speaks WebSocket by hand: for frames that no library sends, and for readers that stop reading. */
import { type Socket, connect } from 'node:net'
import { eventually } from './client.ts'
import { type FrameInit, OPCODE, type RawFrame, parseFrame, rawFrame } from './raw-frame.ts'

const HEAD_END = '\r\n\r\n'

export class RawSocket {
  readonly #socket: Socket
  #unread: Buffer = Buffer.alloc(0)
  #isUpgraded = false
  /** Everything up to the empty line of the answer, once it is here. */
  head: string | undefined
  /** What the server has sent after an upgrade. */
  readonly frames: RawFrame[] = []
  /** Whether the TCP connection is over. */
  isClosed = false

  private constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket.on('data', (bytes) => this.#read(Buffer.from(bytes)))
    this.#socket.on('close', () => (this.isClosed = true))
    // A reset is one way for a server to hang up; `isClosed` tells of it.
    this.#socket.on('error', () => {})
  }

  /** Connects and sends these bytes. */
  static send(port: number, bytes: string | Uint8Array): RawSocket {
    const socket = new RawSocket(port)
    socket.write(bytes)
    return socket
  }

  /** Does the handshake and waits for the answer, whatever it is. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<RawSocket> {
    const { port } = new URL(url)
    // Not from the parsed URL: it would tidy up the path.
    const target = url.slice(url.indexOf('/', 'ws://'.length))
    const socket = RawSocket.send(Number(port), handshake(target, headers))
    await socket.answer()
    return socket
  }

  /** The status of the answer to the handshake or request. */
  async answer(): Promise<number> {
    const head = await this.until(() => this.head ?? (this.isClosed ? '' : undefined))
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0)
  }

  /** What came after the head of an answer that did not upgrade. */
  get body(): string {
    return this.#unread.toString()
  }

  /** Text frames so far. */
  get texts(): string[] {
    return this.frames
      .filter((frame) => frame.opcode === OPCODE.text)
      .map((frame) => frame.payload.toString())
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Settled when all that was written is on its way, after the connection if that was not there yet. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write('', () => resolve())
    })
  }

  frame(init: FrameInit): void {
    this.write(rawFrame(init))
  }

  text(payload: string | Uint8Array): void {
    this.frame({ opcode: OPCODE.text, payload })
  }

  /** Reads nothing more until `resume`, so that the sender's buffers fill up. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Ends the TCP connection without a closing handshake, as a lost network would. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Ends it like a dying process, dropping what is on its way. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  /** The first matching frame, already received or still to come. */
  next(fits: (frame: RawFrame) => boolean, withinMs?: number): Promise<RawFrame> {
    return this.until(() => this.frames.find(fits), withinMs)
  }

  /** The first text frame that contains all of these. */
  async nextText(...parts: string[]): Promise<string> {
    return this.until(() => this.texts.find((text) => parts.every((part) => text.includes(part))))
  }

  async until<T>(look: () => T | undefined, withinMs?: number): Promise<T> {
    let found: T | undefined
    const what = `frames so far: ${this.texts.join(' ').slice(0, 500)}`
    await eventually(() => (found = look()) !== undefined, what, withinMs)
    return found!
  }

  #read(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes])
    if (this.head === undefined) this.#readHead()
    if (!this.#isUpgraded) return
    for (let next = parseFrame(this.#unread); next; next = parseFrame(this.#unread)) {
      this.frames.push(next.frame)
      this.#unread = next.rest
    }
  }

  #readHead(): void {
    const end = this.#unread.indexOf(HEAD_END)
    if (end < 0) return
    this.head = this.#unread.subarray(0, end).toString('latin1')
    this.#unread = this.#unread.subarray(end + HEAD_END.length)
    this.#isUpgraded = this.head.startsWith('HTTP/1.1 101')
  }
}

/** The bytes of an upgrade request; `target` goes into the request line as it is. */
export function handshake(target: string, headers: Record<string, string> = {}): string {
  const fields: Record<string, string> = {
    host: '127.0.0.1',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`
}
