/** An app of the sandbox as tests of the Ably protocol use it: through the published client and through plain requests. */
import Ably from 'ably'
import { Packr } from 'msgpackr'
import { type SandboxAnswer, newSandboxApp } from './sandbox-app.ts'

const packr = new Packr({ useRecords: false, int64AsType: 'number' })

export interface Asked {
  readonly method?: string
  /** A whole key or a token. Left out, it is the key of the app that may do everything; null for none. */
  readonly as?: string | null
  readonly body?: unknown
  readonly headers?: Record<string, string>
  /** Sends and wants MessagePack. */
  readonly binary?: boolean
}

export interface Answered<T> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

export class AblyApp {
  readonly url: string
  readonly id: string
  readonly keys: readonly string[]
  readonly #answer: SandboxAnswer

  private constructor(url: string, answer: SandboxAnswer) {
    this.url = url
    this.id = answer.appId
    this.keys = answer.keys.map(({ keyStr }) => keyStr)
    this.#answer = answer
  }

  /** An app made from an address, on a server that trusts proxies on the loopback. */
  static async madeBy(
    address: string,
    url: string,
    rules: readonly Record<string, unknown>[] = [],
  ): Promise<AblyApp> {
    const body = { keys: [{ capability: '{"[*]*":["*"]}' }], namespaces: rules }
    return new AblyApp(url, await newSandboxApp(url, body, { 'x-forwarded-for': address }))
  }

  /** @param capabilities of its keys; the first key may do everything */
  static async make(
    url: string,
    capabilities: readonly Record<string, readonly string[]>[] = [],
    rules: readonly Record<string, unknown>[] = [],
    more: Record<string, unknown> = {},
  ): Promise<AblyApp> {
    const keys = [
      { capability: '{"[*]*":["*"]}', revocableTokens: true },
      ...capabilities.map((capability) => ({ capability: JSON.stringify(capability) })),
    ]
    return new AblyApp(url, await newSandboxApp(url, { keys, namespaces: rules, ...more }))
  }

  client(options: Ably.ClientOptions = {}): Ably.Rest {
    const { endpoint, port, tls } = this.#answer
    const credentials = options.token === undefined ? { key: this.keys[0]! } : {}
    return new Ably.Rest({ ...credentials, endpoint, port, tls, logLevel: 0, ...options })
  }

  /** @param as the key it is from */
  async token(params: Ably.TokenParams = {}, as: string = this.keys[0]!): Promise<string> {
    // By the clock of the server, which a test may have set.
    return (await this.client({ key: as, queryTime: true }).auth.requestToken(params)).token
  }

  /** A plain request; the body is parsed by its content type. */
  async ask<T = Record<string, unknown>>(path: string, asked: Asked = {}): Promise<Answered<T>> {
    const { binary = false, body } = asked
    const method = asked.method ?? (body === undefined ? 'GET' : 'POST')
    const type = `application/${binary ? 'x-msgpack' : 'json'}`
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(asked.as !== null && { authorization: authorization(asked.as ?? this.keys[0]!) }),
        ...(body !== undefined && { 'content-type': type }),
        accept: type,
        'x-ably-version': '6',
        ...asked.headers,
      },
      ...(body !== undefined && { body: bodyOf(body, binary) }),
    })
    return { status: response.status, headers: response.headers, body: await read<T>(response) }
  }

  /** All pages of a list, following the links from one to the next. */
  async pages<T>(path: string, asked: Asked = {}): Promise<T[][]> {
    const pages: T[][] = []
    let next: string | undefined = path
    while (next !== undefined) {
      const { body, headers }: Answered<T[]> = await this.ask<T[]>(next, asked)
      pages.push(body)
      const link = linksOf(headers).get('next')
      // As ably-go does: relative to where the list is, and nothing but its last part may differ.
      next = link && new URL(link, `http://x${path}`).href.slice('http://x'.length)
    }
    return pages
  }
}

function authorization(credential: string): string {
  return `${credential.includes(':') ? 'Basic' : 'Bearer'} ${btoa(credential)}`
}

function bodyOf(body: unknown, binary: boolean): string | Uint8Array<ArrayBuffer> {
  if (binary) return new Uint8Array(packr.pack(body))
  return typeof body === 'string' ? body : JSON.stringify(body)
}

async function read<T>(response: Response): Promise<T> {
  const bytes = await response.bytes()
  if (bytes.length === 0) return undefined as T
  return response.headers.get('content-type') === 'application/x-msgpack'
    ? (packr.unpack(bytes) as T)
    : (JSON.parse(Buffer.from(bytes).toString()) as T)
}

export interface ErrorBody {
  readonly error: {
    readonly code: number
    readonly statusCode: number
    readonly message: string
    readonly href: string
  }
}

/** The links of a page, in their order, as ably-js reads them. */
export function linksOf(headers: Headers): Map<string, string> {
  const links = new Map<string, string>()
  for (const part of (headers.get('link') ?? '').split(',')) {
    const match = /^\s*<(.+)>;\s*rel="(\w+)"$/.exec(part)
    if (match) links.set(match[2]!, match[1]!)
  }
  return links
}
