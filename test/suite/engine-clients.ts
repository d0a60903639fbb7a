/** The clients of one case of the engine's suite: on either node, ended after it. */
import type Ably from 'ably'
import { Clients } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import type { Nodes } from '../support/engines/nodes.ts'
import { IttyClient, type Options } from '../support/itty.ts'

export type Side = 'a' | 'b'

export class EngineClients {
  nodes!: Nodes
  readonly #clients = {
    a: new Clients(() => this.nodes.a),
    b: new Clients(() => this.nodes.b),
  }
  readonly #guests: IttyClient[] = []
  #names = 0

  /** A name that no other case has. @param space such as `kept`, for what a rule says */
  name(space = 'plain'): string {
    return `${space}:${this.#names++}`
  }

  async client(side: Side, options: Ably.ClientOptions = {}): Promise<Ably.Realtime> {
    return this.#clients[side].connected({ key: this.nodes.key, ...options })
  }

  /** An attached channel of a client of its own. */
  async channel(
    side: Side,
    name: string,
    options: Ably.ClientOptions = {},
    channelOptions: Ably.ChannelOptions = {},
  ): Promise<Ably.RealtimeChannel> {
    const client = await this.client(side, options)
    const channel = client.channels.get(name, channelOptions)
    await channel.attach()
    return channel
  }

  /** A plain request with the key that may do everything. */
  async ask(side: Side, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${this.nodes[side].url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Basic ${btoa(this.nodes.key)}`,
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: await answer.json() }
  }

  async join(side: Side, name: string, options?: Options): Promise<IttyClient> {
    const guest = await IttyClient.join(this.nodes[side].sockets + name, options)
    this.#guests.push(guest)
    return guest
  }

  /** Whether somebody becomes a member, who leaves again at once. */
  async isIn(side: Side, name: string, options: Options): Promise<boolean> {
    const guest = new IttyClient(this.nodes[side].sockets + name, options)
    const isMember = () => guest.events.some(({ self }) => self === true)
    await eventually(() => isMember() || guest.closes > 0, 'it is known')
    guest.socket.close()
    return isMember()
  }

  endClients(): void {
    for (const clients of Object.values(this.#clients)) clients.end()
    for (const guest of this.#guests.splice(0)) guest.socket.close()
  }
}
