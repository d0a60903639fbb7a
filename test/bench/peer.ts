/**
 * The load generator's clients: raw TCP sockets whose upgrade is written by hand. Once joined they count
 * bytes and parse nothing, so that the generator costs less than the server it measures.
 */
import type { Socket, SocketHandler } from 'bun'
import { type Door, ittyDoor } from './door.ts'
import { firstFrameBytes } from './payload.ts'

const JOIN_WITHIN_MS = 60_000
const HANDSHAKES_IN_FLIGHT = 100

/** Peers that are counted together. */
export class Crowd {
  readonly peers: Peer[] = []
  /** Bytes that all of them received since each joined. */
  bytes = 0
  /** `onMark` is called whenever bytes arrive and `bytes` has reached this. */
  mark = Infinity
  onMark: () => void = () => undefined
  /** Called for every arrival, when set; costs time. */
  onBytes: ((peer: Peer, count: number) => void) | undefined
  /** Called with what arrives, when set; for looking at single frames. */
  onChunk: ((chunk: Uint8Array) => void) | undefined

  get closed(): number {
    return this.peers.filter((peer) => peer.closed).length
  }

  /** Cuts all connections without a closing handshake. */
  terminate(): void {
    for (const peer of this.peers) peer.terminate()
    this.peers.length = 0
  }
}

/** One WebSocket connection on one channel. */
export class Peer {
  closed = false
  joined = false
  readonly crowd: Crowd
  readonly channel: string
  readonly index: number
  readonly #door: Door
  readonly #joined = Promise.withResolvers<void>()
  #socket: Socket<Peer> | undefined
  #head: Uint8Array = new Uint8Array(0)
  #framesSeen = 0
  #waiting: Uint8Array[] = []

  constructor(crowd: Crowd, channel: string, door: Door) {
    this.crowd = crowd
    this.channel = channel
    this.#door = door
    this.index = crowd.peers.push(this) - 1
  }

  /** Settles when the peer is in; fails when the server refuses it. */
  get whenJoined(): Promise<void> {
    return this.#joined.promise
  }

  opened(socket: Socket<Peer>, port: number): void {
    this.#socket = socket
    const address = this.#door.address(this)
    socket.write(
      `GET ${address} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    )
  }

  receive(chunk: Uint8Array): void {
    if (!this.joined) {
      this.#handshake(chunk)
      return
    }
    const { crowd } = this
    crowd.bytes += chunk.length
    if (crowd.onBytes) crowd.onBytes(this, chunk.length)
    if (crowd.onChunk) crowd.onChunk(chunk)
    if (crowd.bytes >= crowd.mark) crowd.onMark()
  }

  /** Sends bytes that the caller never changes afterwards, in order, however slowly the server reads. */
  send(bytes: Uint8Array): void {
    if (this.#waiting.length > 0) {
      this.#waiting.push(bytes)
      return
    }
    const written = this.#socket?.write(bytes) ?? 0
    if (written < bytes.length) this.#waiting.push(bytes.subarray(written))
  }

  drain(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const bytes of waiting) this.send(bytes)
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  terminate(): void {
    this.#socket?.terminate()
  }

  ended(): void {
    this.closed = true
    this.#joined.reject(new Error('the server closed a connection before it had joined'))
  }

  #handshake(chunk: Uint8Array): void {
    this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk])
    if (this.#framesSeen === 0) {
      const head = Buffer.from(this.#head.buffer, this.#head.byteOffset, this.#head.length)
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      this.#welcome(this.#head.subarray(end + 4))
    } else this.#welcome(this.#head)
  }

  /** Goes through the frames that come before it is in. */
  #welcome(frames: Uint8Array): void {
    const length = firstFrameBytes(frames)
    if (length === undefined || frames.length < length) {
      // The head has been read, and must not be looked for again.
      if (this.#framesSeen > 0) this.#head = frames
      return
    }
    const reply = this.#door.welcome(frames.subarray(0, length), this.#framesSeen++, this)
    const rest = frames.subarray(length)
    this.#head = rest
    if (reply === 'refused') this.#joined.reject(new Error('not the frame that lets a peer in'))
    else if (reply === 'in') {
      this.#head = new Uint8Array(0)
      this.joined = true
      this.#joined.resolve()
      if (rest.length > 0) this.receive(rest)
    } else {
      this.send(reply)
      this.#welcome(rest)
    }
  }
}

/** Connects one peer per channel name, a hundred handshakes at a time, and waits until all have joined. */
export async function joinAll(
  port: number,
  channels: readonly string[],
  door: Door = ittyDoor,
): Promise<Crowd> {
  const crowd = new Crowd()
  let next = 0
  const worker = async () => {
    while (next < channels.length) await joinOne(port, new Peer(crowd, channels[next++]!, door))
  }
  const all = Promise.all(Array.from({ length: HANDSHAKES_IN_FLIGHT }, worker))
  await within(JOIN_WITHIN_MS, all, () => `joining ${channels.length} peers stopped at ${next}`)
  return crowd
}

/** Fails with a message when a promise takes longer than it may. */
export async function within<T>(
  milliseconds: number,
  promise: Promise<T>,
  complaint: () => string,
): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(complaint())), milliseconds)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function joinOne(port: number, peer: Peer): Promise<void> {
  const socket = await Bun.connect({ hostname: '127.0.0.1', port, data: peer, socket: HANDLER })
  peer.opened(socket, port)
  await peer.whenJoined
}

const HANDLER: SocketHandler<Peer> = {
  data: (socket, chunk) => socket.data.receive(chunk),
  drain: (socket) => socket.data.drain(),
  close: (socket) => socket.data.ended(),
  error: (socket) => socket.data.ended(),
}
