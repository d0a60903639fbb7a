/** Hears what an open page is told, over the socket of the dashboard, as its script does. */
import { Client, eventually } from '../support/client.ts'
import type { DashboardUser } from './dashboard-user.ts'

export interface Entry {
  readonly who: string
  readonly words: string
  readonly name: string
  readonly body: string
  readonly note: string
}

interface Told {
  readonly entries?: readonly Entry[]
  readonly skipped?: number
  readonly gap?: boolean
  readonly position?: string
  readonly html?: string
  readonly over?: true
}

/** Numbers of the protocol (TR2, TR3). */
const CONNECTED = 4
const ERROR = 9
const ATTACH = 10
const ATTACHED = 11
const MESSAGE = 15
const SUBSCRIBE = 1 << 18

type Query = Readonly<Record<string, string>>

export class PageReader {
  readonly client: Client
  #nextView = 1

  private constructor(client: Client) {
    this.client = client
  }

  /** Connects as a page of the server would. */
  static async open(
    server: { readonly url: string },
    visitor: DashboardUser,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<PageReader> {
    const client = new Client(socketOf(server), {
      headers: { cookie: visitor.cookie, origin: server.url, ...headers },
    })
    await client.next((frame) => frame['action'] === CONNECTED)
    return new PageReader(client)
  }

  get session(): string {
    const frame = this.client.frames.find(({ action }) => action === CONNECTED)!
    return (frame['connectionDetails'] as { clientId: string }).clientId
  }

  /** Subscribes to a part and waits for the confirmation. */
  async look(path: string, query: Query = {}, session = this.session): Promise<View> {
    return this.join(`${session}:${JSON.stringify([path, query, String(this.#nextView++)])}`)
  }

  /** Subscribes to the part of that name. */
  async join(channel: string): Promise<View> {
    await this.attach(channel)
    return new View(this.client, channel)
  }

  /** @throws the error of a refusal */
  async attach(channel: string): Promise<void> {
    this.client.sendJson({ action: ATTACH, channel, flags: SUBSCRIBE })
    const answer = await this.client.next(
      (frame) =>
        frame['channel'] === channel && (frame['action'] === ATTACHED || frame['action'] === ERROR),
    )
    if (answer['action'] === ERROR) throw new Error(JSON.stringify(answer['error']))
  }

  /** Waits until the server has closed the connection for good. @returns the code that it gave */
  async expelled(): Promise<unknown> {
    const frame = await this.client.next(
      (each) => each['action'] === ERROR && each['channel'] === undefined,
    )
    await this.client.closing()
    return (frame['error'] as { code: number }).code
  }

  close(): void {
    this.client.close()
  }
}

export function socketOf({ url }: { readonly url: string }): string {
  return `${url.replace('http', 'ws')}/dashboard/live/socket?v=5&format=json`
}

/** The messages of one part of a page. */
export class View {
  readonly #client: Client
  readonly #channel: string

  constructor(client: Client, channel: string) {
    this.#client = client
    this.#channel = channel
  }

  get told(): Told[] {
    const own = this.#client.frames.filter(
      ({ action, channel }) => action === MESSAGE && channel === this.#channel,
    )
    return own.flatMap(({ messages }) =>
      (messages as { data: string }[]).map(({ data }) => JSON.parse(data) as Told),
    )
  }

  get entries(): Entry[] {
    return this.told.flatMap(({ entries = [] }) => entries)
  }

  get skipped(): number {
    return this.told.reduce((sum, { skipped = 0 }) => sum + skipped, 0)
  }

  get gaps(): number {
    return this.told.filter(({ gap }) => gap === true).length
  }

  /** Position to resume from. */
  get position(): string {
    return this.told.findLast(({ position }) => position !== undefined)?.position ?? ''
  }

  get isOver(): boolean {
    return this.told.some(({ over }) => over === true)
  }

  /** Waits for a matching entry. */
  async entry(fits: (entry: Entry) => boolean): Promise<void> {
    await eventually(() => this.entries.some(fits), `an entry of ${this.#channel}`)
  }

  /** Waits until the part contains this text. */
  async says(text: string): Promise<void> {
    await eventually(
      () => this.told.at(-1)?.html?.includes(text) === true,
      `“${text}” in ${this.#channel}`,
    )
  }
}
