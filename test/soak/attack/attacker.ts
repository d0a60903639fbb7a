/** The hands of an attacker: requests and sockets from an address of its own, and a count of what came of them. */
import { AblySocket } from './ably-socket.ts'
import { RawLink } from './raw-link.ts'
import type { Target } from './target.ts'

/** Of the documentation networks (RFC 5737); the server believes who forwards it. */
const ADDRESS = '198.51.100.7'

export interface Asked {
  readonly status: number
  readonly text: string
}

export interface AskOptions {
  readonly method?: string
  readonly body?: string | Uint8Array
  /** Undefined for nobody. */
  readonly authorization?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export class Attacker {
  readonly target: Target
  /** What came back, by status or by what went wrong. */
  readonly outcomes = new Map<string, number>()
  readonly #until: number

  /** @param seconds until it is over */
  constructor(target: Target, seconds: number) {
    this.target = target
    this.#until = performance.now() + seconds * 1000
  }

  get isOver(): boolean {
    return performance.now() >= this.#until
  }

  get msLeft(): number {
    return Math.max(0, this.#until - performance.now())
  }

  /** The attacker's key, as a request shows it. */
  get authorization(): string {
    return basic(this.target.key)
  }

  count(outcome: string | number, times = 1): void {
    this.outcomes.set(String(outcome), (this.outcomes.get(String(outcome)) ?? 0) + times)
  }

  /** Does it over and over, several at a time, until it is over. An act that fails is counted, and so is each time. */
  async repeat(atOnce: number, act: (turn: number) => Promise<unknown>): Promise<void> {
    let turn = 0
    const worker = async () => {
      while (!this.isOver) await this.attempt(() => act(turn++))
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  /** Does it so many times, and as many at a time. */
  async times(count: number, atOnce: number, act: (turn: number) => Promise<unknown>) {
    let turn = 0
    const worker = async () => {
      while (turn < count && !this.isOver) {
        const mine = turn++
        await this.attempt(() => act(mine))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  /** Until it is over. */
  async wait(): Promise<void> {
    await Bun.sleep(this.msLeft)
  }

  async attempt(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.count(error instanceof Error ? nameOf(error) : 'failed')
      // A server that is gone, or refuses at once, is asked no thousand times in a turn.
      await Bun.sleep(2)
    }
  }

  async ask(path: string, options: AskOptions = {}): Promise<Asked> {
    const { method = options.body === undefined ? 'GET' : 'POST', body } = options
    const response = await fetch(`http://127.0.0.1:${this.target.port}${path}`, {
      method,
      headers: this.headers(options),
      redirect: 'manual',
      signal: AbortSignal.timeout(this.msLeft + 2000),
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    this.count(response.status)
    return { status: response.status, text }
  }

  /** As the holder of the key. */
  async askAsHolder(path: string, options: AskOptions = {}): Promise<Asked> {
    return this.ask(path, { authorization: this.authorization, ...options })
  }

  async post(path: string, value: unknown, authorization = this.authorization): Promise<Asked> {
    return this.ask(path, { body: JSON.stringify(value), authorization })
  }

  headers({ authorization, body, headers }: AskOptions = {}): Record<string, string> {
    return {
      'x-forwarded-for': ADDRESS,
      'x-ably-version': '6',
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    }
  }

  /** A connection whose bytes are written by hand. */
  raw(): Promise<RawLink> {
    return RawLink.connect(this.target.port)
  }

  /** A raw connection with a request on it, whose answer nobody need read. */
  async rawAsk(
    line: string,
    headers: Readonly<Record<string, string>>,
    body: string | Uint8Array = '',
  ) {
    const link = await this.raw()
    link.write(this.head(line, headers))
    if (body.length > 0) link.write(body)
    return link
  }

  head(line: string, headers: Readonly<Record<string, string>> = {}): string {
    const all = { host: '127.0.0.1', ...this.headers(), ...headers }
    const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    return `${line} HTTP/1.1\r\n${fields.join('')}\r\n`
  }

  /** A WebSocket of a client of itty-sockets, once it is open. */
  itty(path: string): Promise<WebSocket> {
    return this.socket(`/c/${path}`)
  }

  /** A connection of the realtime protocol, once it is connected. */
  async ably(query: Readonly<Record<string, string>> = {}): Promise<AblySocket> {
    const all = { v: '6', format: 'json', heartbeats: 'true', ...query }
    const who = 'accessToken' in query || 'key' in query ? {} : { key: this.target.key }
    const text = new URLSearchParams({ ...all, ...who }).toString()
    const socket = new AblySocket(await this.socket(`/?${text}`))
    await socket.nextOf(AblySocket.CONNECTED)
    return socket
  }

  async socket(path: string): Promise<WebSocket> {
    const url = `ws://127.0.0.1:${this.target.port}${path}`
    const socket = new WebSocket(url, { headers: this.headers() })
    const opened = Promise.withResolvers<void>()
    socket.addEventListener('open', () => opened.resolve())
    socket.addEventListener('error', () => opened.reject(new Error('refused')))
    socket.addEventListener('close', () => this.count('closed'))
    await opened.promise
    this.count('open')
    return socket
  }
}

export function basic(key: string): string {
  return `Basic ${btoa(key)}`
}

export function bearer(token: string): string {
  return `Bearer ${btoa(token)}`
}

function nameOf(error: Error): string {
  const { code } = error as { code?: unknown }
  if (typeof code === 'string') return code
  return error.name === 'Error' ? error.message : error.name
}
