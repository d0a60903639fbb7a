/** Clients of the realtime protocol for tests: the published SDK, and a socket that shows every frame. */
import Ably from 'ably'
import { Packr } from 'msgpackr'
import { eventually } from './client.ts'
import { Changes } from './changes.ts'

/** A server, or an app of one. Clients without credentials use the app's first key. */
interface Home {
  readonly url: string
  readonly keys?: readonly string[]
}

/** Waits until the server knows a key that was made beside it. */
export async function known(server: Home, key: string): Promise<string> {
  await eventually(async () => {
    const headers = { authorization: `Basic ${btoa(key)}` }
    return (await fetch(`${server.url}/channels/none/messages`, { headers })).status !== 401
  }, 'the server knows the key')
  return key
}

/** Clients of the published SDK, which are all closed at the end. */
export class Clients {
  readonly #home: () => Home
  readonly #open: Ably.Realtime[] = []

  constructor(home: () => Home) {
    this.#home = home
  }

  make(options: Ably.ClientOptions = {}): Ably.Realtime {
    const { keys, url } = this.#home()
    const hasOwn = ['key', 'token', 'authCallback'].some((name) => name in options)
    const client = new Ably.Realtime({
      endpoint: '127.0.0.1',
      port: Number(new URL(url).port),
      tls: false,
      logLevel: 0,
      transports: ['web_socket'],
      ...(!hasOwn && keys && { key: keys[0]! }),
      ...options,
    })
    this.#open.push(client)
    return client
  }

  async connected(options: Ably.ClientOptions = {}): Promise<Ably.Realtime> {
    const client = this.make(options)
    await client.connection.whenState('connected')
    return client
  }

  end(): void {
    for (const client of this.#open.splice(0)) client.close()
  }
}

export type ProtocolMessage = Readonly<Record<string, unknown>> & { readonly action: number }

/** What a protocol message is for (TR2). */
export const ACTION = {
  HEARTBEAT: 0,
  ACK: 1,
  NACK: 2,
  CONNECTED: 4,
  DISCONNECTED: 6,
  CLOSE: 7,
  CLOSED: 8,
  ERROR: 9,
  ATTACH: 10,
  ATTACHED: 11,
  DETACH: 12,
  DETACHED: 13,
  PRESENCE: 14,
  MESSAGE: 15,
  SYNC: 16,
  AUTH: 17,
  OBJECT: 19,
  OBJECT_SYNC: 20,
  ANNOTATION: 21,
} as const

const packr = new Packr({ useRecords: false, int64AsType: 'number' })

/** A socket that speaks frames as a test says, and keeps all that it gets; in JSON unless the query says otherwise. */
export class FrameClient {
  readonly frames: ProtocolMessage[] = []
  isClosed = false
  readonly opened: Promise<void>
  readonly #socket: WebSocket
  readonly #isBinary: boolean
  readonly #changes = new Changes()
  /** Numbers of the frames that were sent, and of those that have yet to be acknowledged or refused. */
  readonly #sent = new Set<number>()
  readonly #unanswered = new Set<number>()

  /** @param query such as `key=…&v=6` */
  constructor(home: Home, query: string) {
    this.#isBinary = query.includes('format=msgpack')
    this.#socket = new WebSocket(`${home.url.replace('http', 'ws')}/?${query}`)
    this.#socket.binaryType = 'arraybuffer'
    this.opened = new Promise((resolve) => this.#socket.addEventListener('open', () => resolve()))
    this.#socket.addEventListener('message', ({ data }) => {
      const frame = asMessage(data as string | ArrayBuffer)
      this.frames.push(frame)
      this.#answered(frame)
      this.#changes.tell()
    })
    this.#socket.addEventListener('close', () => {
      this.isClosed = true
      this.#changes.tell()
    })
  }

  static async connected(home: Home, query: string): Promise<FrameClient> {
    const client = new FrameClient(home, query)
    await client.next(ACTION.CONNECTED)
    return client
  }

  get connectionId(): string {
    return String(this.all(ACTION.CONNECTED).at(-1)?.['connectionId'])
  }

  get connectionKey(): string {
    const details = this.all(ACTION.CONNECTED).at(-1)?.['connectionDetails']
    return (details as { connectionKey: string }).connectionKey
  }

  send(message: object | string): void {
    const { msgSerial } = message as { msgSerial?: unknown }
    if (typeof msgSerial === 'number' && isNumbered(message)) this.#numbered(msgSerial)
    if (typeof message === 'string') this.#socket.send(message)
    else if (this.#isBinary) this.sendBytes(new Uint8Array(packr.pack(message)))
    else this.#socket.send(JSON.stringify(message))
  }

  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes)
  }

  /** Closes without CLOSE, as when the network is lost. */
  terminate(): void {
    this.#socket.terminate()
  }

  all(action: number): ProtocolMessage[] {
    return this.frames.filter((frame) => frame.action === action)
  }

  /** The `n`th frame of a kind, already here or still to come, counting from 0. */
  next(action: number, n = 0): Promise<ProtocolMessage> {
    return this.until(() => this.all(action)[n])
  }

  async attach(channel: string, more: object = {}): Promise<ProtocolMessage> {
    const before = this.all(ACTION.ATTACHED).length
    this.send({ action: ACTION.ATTACH, channel, ...more })
    return this.next(ACTION.ATTACHED, before)
  }

  /** Waits until everything that was sent before has been handled, and acknowledged or refused where it is numbered. */
  async settled(): Promise<void> {
    const id = crypto.randomUUID()
    this.send({ action: ACTION.HEARTBEAT, id })
    await this.until(() => this.frames.find((frame) => frame['id'] === id))
    await this.until(() => this.#unanswered.size === 0 || this.isClosed || undefined)
  }

  closing(): Promise<true> {
    return this.until(() => this.isClosed || undefined)
  }

  until<T>(look: () => T | undefined, withinMs = 15_000): Promise<T> {
    return this.#changes.until(look, withinMs, () => JSON.stringify(this.frames))
  }

  /** A frame that is repeated over the same transport has no answer of its own. */
  #numbered(msgSerial: number): void {
    if (!this.#sent.has(msgSerial)) this.#unanswered.add(msgSerial)
    this.#sent.add(msgSerial)
  }

  #answered({ action, count, msgSerial }: ProtocolMessage): void {
    if (action !== ACTION.ACK && action !== ACTION.NACK) return
    for (let n = 0; n < Number(count); n++) this.#unanswered.delete(Number(msgSerial) + n)
  }
}

function isNumbered(message: object | string): boolean {
  const { action } = message as Partial<ProtocolMessage>
  return action === ACTION.MESSAGE || action === ACTION.PRESENCE || action === ACTION.ANNOTATION
}

function asMessage(data: string | ArrayBuffer): ProtocolMessage {
  if (typeof data === 'string') return JSON.parse(data) as ProtocolMessage
  return packr.unpack(new Uint8Array(data)) as ProtocolMessage
}
