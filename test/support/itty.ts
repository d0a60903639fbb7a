/** The published itty-sockets client with its events recorded, and small things that tests of its protocol share. */
import { type IttySocket, type IttySocketOptions, type UseItty, connect } from 'itty-sockets'
import { Client, type Frame, eventually, upgradeAnswer } from './client.ts'
import type { TestServer } from './server.ts'

/** The options that a server knows; the types of 0.6 leave out the keys. */
export type Options = Readonly<Record<string, string | boolean | null | undefined>>

export class IttyClient {
  readonly socket: IttySocket<UseItty<unknown>>
  /** Events in the order in which the client hands them to listeners. */
  readonly events: Frame[] = []
  opens = 0
  closes = 0

  /** Connects at once, as the client does with its first listener. */
  constructor(url: string, options?: Options) {
    this.socket = connect<UseItty<unknown>>(url, options as IttySocketOptions)
    this.socket
      .on('open', () => this.opens++)
      .on('close', () => this.closes++)
      .on(
        () => true,
        (event: object) => this.events.push(event as Frame),
      )
  }

  /** Connects and waits for its own join. */
  static async join(url: string, options?: Options): Promise<IttyClient> {
    const client = new IttyClient(url, options)
    await client.next((event) => event['self'] === true)
    return client
  }

  get uid(): string {
    return String(this.events.find((event) => event['self'] === true)?.['uid'])
  }

  /** Values of the messages so far. */
  get messages(): unknown[] {
    return this.events.filter((event) => event['type'] === undefined).map((e) => e['message'])
  }

  async next(fits: (event: Frame) => boolean): Promise<Frame> {
    let found: Frame | undefined
    await eventually(
      () => (found = this.events.find(fits)) !== undefined,
      `events so far: ${JSON.stringify(this.events)}`,
    )
    return found!
  }

  message(value: unknown): Promise<Frame> {
    const text = JSON.stringify(value)
    return this.next((event) => JSON.stringify(event['message']) === text)
  }

  error(): Promise<Frame> {
    return this.next((event) => event['type'] === 'error')
  }
}

let channels = 0

/** A channel name that no other test uses. */
export function freshChannel(): string {
  return `room-${++channels}`
}

/** Clients of one channel, one for each query, in that order; each has seen all the joins after its own. */
export async function joinAll<const T extends readonly string[]>(
  channelUrl: string,
  queries: T,
): Promise<{ [K in keyof T]: Client }> {
  const clients: Client[] = []
  for (const query of queries) {
    const client = await Client.join(`${channelUrl}?${query}`)
    clients.push(client)
    const total = client.frames[0]?.['total']
    for (const other of clients) await other.next((frame) => frame['total'] === total)
  }
  return clients as { [K in keyof T]: Client }
}

/** The HTTP status of an upgrade request; 101 if it is accepted. */
export async function statusOf(url: string, headers?: Record<string, string>): Promise<number> {
  return (await upgradeAnswer(url, headers)).status
}

/** One value of `/metrics`, named as it stands there with its labels; 0 while it is not there. */
export async function metric(server: { readonly url: string }, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}

type Change = Parameters<TestServer['reserve']>[1]

/** Reserves a namespace as another process would, and waits until the server knows. */
export function reserve(server: TestServer, namespace: string, change?: Change): Promise<void> {
  return reserveAll(server, { [namespace]: change })
}

export async function reserveAll(
  server: TestServer,
  wanted: Readonly<Record<string, Change>>,
): Promise<void> {
  const names = Object.keys(wanted)
  const count = () => metric(server, 'latchkey_reservations')
  const enough = (await count()) + names.length
  for (const name of names) server.reserve(name, wanted[name])
  await eventually(
    async () => (await count()) >= enough,
    `the server knows the reservations of ${names.join(', ')}`,
  )
}

let probes = 0

/** Rights on a channel: `no` for a refused upgrade, `listen`, or `speak`. */
export type Standing = 'no' | 'listen' | 'speak'

/** Connects with these options, tries to send to itself by echo, and leaves again. */
export async function standing(url: string, options: Options = {}): Promise<Standing> {
  const query = new URLSearchParams({ ...options, echo: 'true' } as Record<string, string>)
  const client = new Client(`${url}?${query}`)
  try {
    await client.opened
  } catch {
    const status = await statusOf(`${url}?${query}`)
    // The rules changed in between, so try again.
    if (status === 101) return standing(url, options)
    if (status !== 403) throw new Error(`refused with ${status} and not with 403`)
    return 'no'
  }
  // Others may try the same channel at the same time.
  const probe = `probe ${++probes}`
  client.sendJson(probe)
  const answer = await client.next(
    (frame) => frame['message'] === probe || frame['type'] === 'error',
  )
  client.close()
  await client.closing()
  if (answer['message'] === probe) return 'speak'
  if (answer['code'] !== 'send_key_required') throw new Error(`unexpected ${client.raw.at(-1)}`)
  return 'listen'
}
