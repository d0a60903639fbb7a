/** A TCP proxy that does what bad networks do: cuts, half-closes, delays, splits and stalls what goes through it. */
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

export type Direction = 'up' | 'down'

/** A number at least 0 and less than 1. */
export type Random = () => number

/** A generator that gives the same numbers for the same seed (Mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One direction of a connection: pieces are passed on in order, each at its time. */
class Pipe {
  readonly #from: Socket
  readonly #to: Socket
  #waiting: (Buffer | undefined)[] = []
  #isStalled = false
  #isSwallowing = false
  #isBusy = false
  /** For each piece, in milliseconds. */
  delayMs = 0
  /** Bytes of a piece; 0 for all of it. */
  pieceBytes = 0
  /** Bytes that still go through before the connection is cut. */
  cutAfter = Infinity

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
    from.on('data', (bytes) => this.#add(Buffer.from(bytes)))
    from.on('end', () => this.#add(undefined))
  }

  /** @param isHeard whether the sender notices, because what it has sent is no longer taken */
  stall(isHeard: boolean): void {
    this.#isStalled = true
    if (isHeard) this.#from.pause()
  }

  /** From now on data is accepted and dropped. */
  swallow(): void {
    this.#isSwallowing = true
    this.#waiting = []
  }

  goOn(): void {
    this.#isStalled = false
    this.#from.resume()
    void this.#pump()
  }

  /** Half-closes the connection. */
  halfClose(): void {
    this.#to.end()
  }

  #add(bytes: Buffer | undefined): void {
    if (this.#isSwallowing) return
    this.#waiting.push(bytes)
    void this.#pump()
  }

  async #pump(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    while (!this.#isStalled && this.#waiting.length > 0) {
      if (this.delayMs > 0) await Bun.sleep(this.delayMs)
      this.#pass(this.#waiting.shift())
    }
    this.#isBusy = false
  }

  #pass(bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.#to.end()
      return
    }
    const { length } = bytes
    const size = Math.min(this.pieceBytes || length, length, this.cutAfter)
    this.#to.write(bytes.subarray(0, size))
    this.cutAfter -= size
    if (this.cutAfter <= 0) this.#from.destroy()
    else if (size < length) this.#waiting.unshift(bytes.subarray(size))
  }
}

class Link {
  readonly up: Pipe
  readonly down: Pipe
  readonly #sockets: readonly Socket[]

  constructor(client: Socket, server: Socket, onGone: () => void) {
    this.up = new Pipe(client, server)
    this.down = new Pipe(server, client)
    this.#sockets = [client, server]
    for (const socket of this.#sockets) {
      // A reset is an end like any other here.
      socket.on('error', () => {})
      socket.on('close', () => {
        this.cut()
        onGone()
      })
    }
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

export const FAULTS = ['cut', 'cut in the middle', 'half-close', 'delay', 'split', 'stall'] as const
export type Fault = (typeof FAULTS)[number]

export class FaultyProxy {
  readonly #target: () => number
  readonly #random: Random
  readonly #server: Server
  readonly #links = new Set<Link>()
  /** How often each fault happened. */
  readonly counts: Record<Fault | 'refuse', number>
  /** The share of connections that end as soon as they are there. */
  refusals = 0

  private constructor(target: () => number, random: Random) {
    this.#target = target
    this.#random = random
    const names = [...FAULTS, 'refuse'] as const
    this.counts = Object.fromEntries(names.map((name) => [name, 0])) as FaultyProxy['counts']
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  /** @param target the port that is asked for at each connection */
  static async start(target: () => number, random: Random): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target, random)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#links.size
  }

  /** Applies a fault to one of the connections, if there is one. */
  misbehave(): void {
    const links = [...this.#links]
    const link = links[Math.floor(this.#random() * links.length)]
    const fault = FAULTS[Math.floor(this.#random() * FAULTS.length)]!
    const direction: Direction = this.#random() < 0.5 ? 'up' : 'down'
    if (!link) return
    this.counts[fault]++
    this.#do(fault, link, direction)
  }

  /** Stalls one direction; the sender notices because its data is not accepted. */
  hold(direction: Direction): void {
    for (const link of this.#links) link[direction].stall(true)
  }

  /** Drops everything in both directions, unnoticed by both sides. */
  swallow(): void {
    for (const { up, down } of this.#links) for (const pipe of [up, down]) pipe.swallow()
  }

  cutAll(): void {
    for (const link of this.#links) link.cut()
  }

  /** Stops all faults. */
  behave(): void {
    this.refusals = 0
    for (const { up, down } of this.#links) {
      for (const pipe of [up, down]) {
        pipe.delayMs = 0
        pipe.pieceBytes = 0
        pipe.cutAfter = Infinity
        pipe.goOn()
      }
    }
  }

  async end(): Promise<void> {
    this.cutAll()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #do(fault: Fault, link: Link, direction: Direction): void {
    const pipe = link[direction]
    switch (fault) {
      case 'cut':
        return link.cut()
      case 'cut in the middle':
        pipe.cutAfter = 1 + Math.floor(this.#random() * 300)
        return
      case 'half-close':
        return pipe.halfClose()
      case 'delay':
        pipe.delayMs = 1 + Math.floor(this.#random() * 60)
        return
      case 'split':
        pipe.pieceBytes = 1 + Math.floor(this.#random() * 200)
        return
      case 'stall':
        return this.#stall(link, direction)
    }
  }

  /** Stalls for a moment, or until one side closes. */
  #stall(link: Link, direction: Direction): void {
    link[direction].stall(this.#random() < 0.5)
    const ms = this.#random() * 2000
    if (this.#random() < 0.8) setTimeout(() => link[direction].goOn(), ms)
  }

  #accept(client: Socket): void {
    if (this.#random() < this.refusals) {
      this.counts.refuse++
      client.on('error', () => {})
      client.destroy()
      return
    }
    const server = connect({ host: '127.0.0.1', port: this.#target(), allowHalfOpen: true })
    const link = new Link(client, server, () => this.#links.delete(link))
    this.#links.add(link)
  }
}
