/** A plain WebSocket client that keeps every frame, for tests that look at exact bytes and order. */
import { Changes } from './changes.ts'

export interface Frame {
  readonly [key: string]: unknown
}

export class Client {
  readonly #socket: WebSocket
  readonly #changes = new Changes()
  /** Raw text of every frame, in order of arrival. */
  readonly raw: string[] = []
  /** Parsed frames, in order of arrival. */
  readonly frames: Frame[] = []
  closed: { code: number; reason: string } | undefined
  readonly opened: Promise<void>

  constructor(url: string, init?: { headers?: Record<string, string> }) {
    // Bun's client takes headers, which browsers' does not.
    this.#socket = new WebSocket(url, init as unknown as string)
    this.opened = new Promise((resolve, reject) => {
      this.#socket.addEventListener('open', () => resolve())
      this.#socket.addEventListener('close', () => reject(new Error(`refused: ${url}`)))
    })
    this.opened.catch(() => {})
    this.#socket.addEventListener('message', (event) => {
      this.raw.push(String(event.data))
      this.frames.push(JSON.parse(String(event.data)) as Frame)
      this.#changes.tell()
    })
    this.#socket.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason }
      this.#changes.tell()
    })
  }

  /** Opens a client and waits for its own join. */
  static async join(url: string, init?: { headers?: Record<string, string> }): Promise<Client> {
    const client = new Client(url, init)
    await client.opened
    // Its own comes first, and of clients before 0.9 is not marked as such.
    await client.next((frame) => frame['type'] === 'join')
    return client
  }

  /** Its own uid, once joined. */
  get uid(): string {
    return String(this.frames.find((frame) => frame['type'] === 'join')?.['uid'])
  }

  send(text: string | Uint8Array): void {
    this.#socket.send(text)
  }

  sendJson(value: unknown): void {
    this.send(JSON.stringify(value))
  }

  sendDirect(uid: string, value: unknown): void {
    this.send(`\u001F${uid}\u001F${JSON.stringify(value)}`)
  }

  close(): void {
    this.#socket.close()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** The first matching frame, already received or still to come. */
  next(fits: (frame: Frame) => boolean, withinMs = 5000): Promise<Frame> {
    return this.until(() => this.frames.find(fits), withinMs)
  }

  message(value: unknown): Promise<Frame> {
    const text = JSON.stringify(value)
    return this.next(
      (frame) => JSON.stringify(frame['message']) === text && frame['type'] === undefined,
    )
  }

  error(): Promise<Frame> {
    return this.next((frame) => frame['type'] === 'error')
  }

  closing(): Promise<{ code: number; reason: string }> {
    return this.until(() => this.closed)
  }

  /** Waits until something is there, looking again whenever a frame or the close arrives. */
  until<T>(look: () => T | undefined, withinMs = 5000): Promise<T> {
    return this.#changes.until(look, withinMs, () => `frames: ${this.raw.join(' ')}`)
  }
}

/** The HTTP answer to an upgrade request, which a WebSocket client does not show. */
export async function upgradeAnswer(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(url.replace(/^ws/, 'http'), {
    headers: {
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  })
  return {
    status: response.status,
    text: response.status === 101 ? '' : await response.text(),
    headers: response.headers,
  }
}

/** Polls a condition that has no event to wait for. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`did not happen within ${withinMs} ms: ${what}`)
    await Bun.sleep(10)
  }
}
