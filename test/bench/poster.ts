/** The load of the HTTP benchmarks: connections kept alive, each asking again as soon as it has its answer. */
import type { Socket, SocketHandler } from 'bun'
import { within } from './peer.ts'

const CONNECTIONS = 32
const FINISH_WITHIN_MS = 10_000

/** The whole text of a request, with what every request of the benchmarks has in it. */
export function requestText(
  line: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Uint8Array {
  const all = {
    Host: '127.0.0.1',
    ...headers,
    ...(body !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
    }),
  }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return new TextEncoder().encode(`${line} HTTP/1.1\r\n${head.join('')}\r\n${body ?? ''}`)
}

/**
 * Asks over all connections for some seconds, going through the requests in turn, and waits for the last answers.
 * @param status of every answer; any other ends the benchmark
 * @returns how many were answered
 */
export async function ask(
  port: number,
  requests: readonly Uint8Array[],
  status: number,
  seconds: number,
): Promise<number> {
  const poster = new Poster(requests, status, performance.now() + seconds * 1000)
  await Promise.all(Array.from({ length: CONNECTIONS }, () => poster.connect(port)))
  const limit = seconds * 1000 + FINISH_WITHIN_MS
  const late = () => `a request was not answered after ${poster.answered} others`
  await within(limit, poster.finished.promise, late)
  return poster.answered
}

interface Waiting {
  /** What is still missing of the answer. */
  bytes: number
  isDone: boolean
}

class Poster {
  answered = 0
  readonly finished = Promise.withResolvers<void>()
  readonly #requests: readonly Uint8Array[]
  readonly #start: string
  readonly #until: number
  #next = 0
  #busy = CONNECTIONS

  constructor(requests: readonly Uint8Array[], status: number, until: number) {
    this.#requests = requests
    this.#start = `HTTP/1.1 ${status} `
    this.#until = until
  }

  async connect(port: number): Promise<void> {
    const socket: SocketHandler<Waiting> = {
      data: (connection, chunk) => this.#received(connection, chunk),
      error: (_, error) => this.finished.reject(error),
      close: ({ data }) => {
        if (!data.isDone) this.finished.reject(new Error('the server closed a connection'))
      },
    }
    const data: Waiting = { bytes: 0, isDone: false }
    const connection = await Bun.connect({ hostname: '127.0.0.1', port, data, socket })
    this.#ask(connection)
  }

  #ask(connection: Socket<Waiting>): void {
    const request = this.#requests[this.#next++ % this.#requests.length]!
    if (connection.write(request) < request.length)
      this.finished.reject(new Error('a request did not fit into the buffer of its connection'))
  }

  /** Heads are small and come in one piece; anything else stops the benchmark. */
  #received(connection: Socket<Waiting>, chunk: Buffer): void {
    const waiting = connection.data
    if (waiting.bytes > 0) waiting.bytes -= chunk.length
    else {
      const length = answerBytes(chunk, this.#start)
      if (length === undefined) {
        this.finished.reject(new Error(`not the answer: ${chunk.toString('latin1', 0, 400)}`))
        return
      }
      waiting.bytes = length - chunk.length
    }
    if (waiting.bytes > 0) return
    this.answered++
    if (performance.now() < this.#until) {
      this.#ask(connection)
      return
    }
    waiting.isDone = true
    connection.terminate()
    if (--this.#busy === 0) this.finished.resolve()
  }
}

/** @returns undefined if it does not begin as it should, or its length cannot be told */
function answerBytes(chunk: Buffer, start: string): number | undefined {
  const end = chunk.indexOf('\r\n\r\n')
  const head = chunk.toString('latin1', 0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (end < 0 || length === undefined || !head.startsWith(start)) return undefined
  return end + 4 + Number(length)
}
