/**
 * One raw connection with a time limit on every step. `fetch` and `WebSocket` hide which hop answered and
 * what it said; here every answer is seen as it came.
 */
import net from 'node:net'
import tls from 'node:tls'
import { type Target, serverName } from './target.ts'

export interface Trouble {
  readonly kind: 'refused' | 'unreachable' | 'timeout' | 'closed' | 'tls' | 'garbled'
  /** System or OpenSSL code, for the message. */
  readonly code: string
}

export type Attempt<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly trouble: Trouble }

export interface Dial {
  readonly target: Target
  /** Address to connect to in place of the name, so that one dead address does not hide the others. */
  readonly address: string | undefined
  readonly timeoutMs: number
  /** PEM certificates trusted besides the system's. */
  readonly authorities: string | undefined
  /** Protocols offered in the handshake; `http/1.1` unless told. */
  readonly protocols?: readonly string[]
}

/** Reads one thing from the front of the bytes, or undefined while it is not all there. */
export type Parse<T> = (bytes: Buffer, ended: boolean) => Parsed<T> | undefined
export interface Parsed<T> {
  readonly value: T
  /** Bytes it took. */
  readonly used: number
}

const UNREACHABLE = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EADDRNOTAVAIL',
  'ENETDOWN',
  'EHOSTDOWN',
])

export class RawConnection {
  readonly socket: net.Socket
  #bytes: Buffer = Buffer.alloc(0)
  #ended: Trouble | undefined
  #wake: (() => void) | undefined

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#wake?.()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message))
    socket.on('end', () => this.#end('EOF'))
    socket.on('close', () => this.#end('EOF'))
  }

  #end(code: string): void {
    this.#ended ??= { kind: 'closed', code }
    this.#wake?.()
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  write(data: string | Uint8Array): void {
    if (this.#ended === undefined) this.socket.write(data)
  }

  /** Waits until `parse` finds its thing, the peer is gone, or the time is over; never longer. */
  async take<T>(parse: Parse<T>, withinMs: number): Promise<Attempt<T>> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const parsed = parse(this.#bytes, this.#ended !== undefined)
      if (parsed !== undefined) {
        this.#bytes = this.#bytes.subarray(parsed.used)
        return { ok: true, value: parsed.value }
      }
      if (this.#ended !== undefined) return { ok: false, trouble: this.#ended }
      const left = deadline - performance.now()
      if (left <= 0) return { ok: false, trouble: { kind: 'timeout', code: 'ETIMEDOUT' } }
      await this.#change(left)
    }
  }

  async #change(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, withinMs)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }

  end(): void {
    this.socket.destroy()
  }
}

/** Connects and, when the target is secure, shakes hands without judging the certificate. */
export async function dial(to: Dial): Promise<Attempt<RawConnection>> {
  const { promise, resolve } = Promise.withResolvers<Attempt<RawConnection>>()
  const socket = to.target.secure ? startTls(to) : startTcp(to)
  const fail = (trouble: Trouble) => {
    resolve({ ok: false, trouble })
    socket.destroy()
  }
  const timer = setTimeout(() => fail({ kind: 'timeout', code: 'ETIMEDOUT' }), to.timeoutMs)
  socket.once(to.target.secure ? 'secureConnect' : 'connect', () =>
    resolve({ ok: true, value: new RawConnection(socket) }),
  )
  socket.on('error', (error: NodeJS.ErrnoException) => fail(dialTrouble(error)))
  socket.once('close', () => fail({ kind: 'closed', code: 'EOF' }))
  const outcome = await promise
  clearTimeout(timer)
  return outcome
}

function startTcp(to: Dial): net.Socket {
  return net.connect({ host: to.address ?? to.target.host, port: to.target.port })
}

function startTls(to: Dial): tls.TLSSocket {
  return tls.connect({
    host: to.address ?? to.target.host,
    port: to.target.port,
    servername: serverName(to.target),
    rejectUnauthorized: false,
    ALPNProtocols: [...(to.protocols ?? ['http/1.1'])],
    ...(to.authorities === undefined ? {} : { ca: [...tls.rootCertificates, to.authorities] }),
  })
}

function dialTrouble(error: NodeJS.ErrnoException): Trouble {
  const code = error.code ?? error.message
  if (code === 'ECONNREFUSED') return { kind: 'refused', code }
  if (code === 'ETIMEDOUT') return { kind: 'timeout', code }
  if (UNREACHABLE.has(code)) return { kind: 'unreachable', code }
  if (/SSL|TLS|EPROTO/.test(code)) return { kind: 'tls', code }
  return { kind: 'closed', code }
}

/** A trouble in words that follow "the server at my.host:443 …". */
export function troubleText(trouble: Trouble): string {
  if (trouble.kind === 'refused') return 'refused the connection: nothing listens there'
  if (trouble.kind === 'unreachable') return `cannot be reached from here (${trouble.code})`
  if (trouble.kind === 'timeout') return 'did not answer in time: a firewall may drop the packets'
  if (trouble.kind === 'tls') return `broke off the TLS handshake (${trouble.code})`
  if (trouble.kind === 'garbled') return `answered with something that is not ${trouble.code}`
  return trouble.code === 'EOF'
    ? 'closed the connection without an answer'
    : `broke the connection (${trouble.code})`
}
