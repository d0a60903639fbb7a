/** A TCP proxy that does to connections what bad networks do: cuts, delays, half-closes, and stalls. */
import { type Server, type Socket, connect, createServer } from 'node:net'

export interface Fault {
  readonly kind: 'cut' | 'delay' | 'halfClose' | 'stall'
  /** How long a delay or stall lasts. */
  readonly ms: number
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

export class RoughProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()

  private constructor(target: number) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client, target))
  }

  static async start(target: number): Promise<RoughProxy> {
    const proxy = new RoughProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  get size(): number {
    return this.#pairs.size
  }

  /** Does this to one of the open connections. */
  strike(index: number, { kind, ms }: Fault): void {
    const pair = [...this.#pairs][index % Math.max(this.#pairs.size, 1)]
    if (!pair) return
    switch (kind) {
      case 'cut':
        return this.#end(pair)
      case 'halfClose':
        pair.server.end()
        return
      case 'delay':
      case 'stall':
        pair.server.pause()
        if (kind === 'stall') pair.client.pause()
        setTimeout(() => {
          pair.server.resume()
          pair.client.resume()
        }, ms)
    }
  }

  end(): void {
    for (const pair of this.#pairs) this.#end(pair)
    this.#server.close()
  }

  #join(client: Socket, target: number): void {
    const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    const pair = { client, server }
    this.#pairs.add(pair)
    client.pipe(server)
    server.pipe(client)
    for (const socket of [client, server]) {
      socket.on('error', () => this.#end(pair))
      socket.on('close', () => this.#end(pair))
    }
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair)
    pair.client.destroy()
    pair.server.destroy()
  }
}
