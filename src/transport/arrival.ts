/** One request as protocols see it. */
import type { Server } from 'bun'
import { type Result, fail } from '../failure.ts'
import { type Range, clientAddress, isInRanges } from '../policy/address.ts'
import type { Visit } from '../protocol/protocol.ts'
import type { Admission } from './admission.ts'
import type { Bodies, Sender } from './bodies.ts'
import type { Connection } from './connection.ts'
import type { Turns } from './turns.ts'

export interface ArrivalParts {
  readonly admission: Admission
  readonly bodies: Bodies
  readonly basePath: string
  readonly trustedProxies: readonly Range[]
}

/** The same for all requests of a listener. */
export interface ArrivalContext extends ArrivalParts {
  readonly server: Server<Connection>
  readonly turns: Turns
}

/** How long nothing may happen on the connection of a request. */
export const SILENCE_SECONDS = 30

/** Asks only when somebody wants to know, and once: the client's address alone costs as much as a whole publish. */
export class Arrival implements Visit, Sender {
  readonly request: Request
  readonly path: string
  readonly query: string
  /** Whether the body has been read, or it is known how long it is. */
  isWhole = false
  readonly #context: ArrivalContext
  #address: string | undefined
  #secure: boolean | undefined

  constructor(request: Request, path: string, query: string, context: ArrivalContext) {
    this.request = request
    this.path = path
    this.query = query
    this.#context = context
  }

  get address(): string {
    return (this.#address ??= this.#find())
  }

  get secure(): boolean {
    return (this.#secure ??= this.#isSecure())
  }

  body(maxBytes: number): Promise<Result<Uint8Array>> {
    const announced = this.request.headers.get('content-length')
    const length = announced === null ? undefined : Number(announced)
    this.isWhole = length !== undefined
    if (length !== undefined && length > maxBytes) return TOO_LARGE
    return this.#context.turns
      .afterArrivals(length ?? Infinity)
      .then(() =>
        this.#context.turns.isCrowded
          ? this.#context.turns.wait(this).then(() => this.#receive(length, maxBytes))
          : this.#receive(length, maxBytes),
      )
  }

  #receive(length: number | undefined, maxBytes: number) {
    const body = this.#context.bodies.receive(this, length, maxBytes)
    return body instanceof Promise ? this.#late(body) : body
  }

  /** Bodies that come on their own may also come all in one turn. */
  async #late(arriving: Promise<Result<Uint8Array>>): Promise<Result<Uint8Array>> {
    const body = await arriving
    this.isWhole ||= body.ok
    await this.#context.turns.afterArrivals(Infinity)
    if (this.#context.turns.isCrowded) await this.#context.turns.wait(this)
    return body
  }

  mayAttempt(): boolean {
    return this.#context.admission.mayAttempt(this)
  }

  failedAttempt(): boolean {
    return this.#context.admission.failedAttempt(this)
  }

  allowSilence(seconds: number): void {
    this.#context.server.timeout(this.request, seconds)
  }

  keepOpen(): () => void {
    this.allowSilence(0)
    // Rejected where somebody has read it.
    this.request.body?.cancel().catch(() => {})
    return () => this.allowSilence(SILENCE_SECONDS)
  }

  get base(): string {
    const given = this.request.headers.get('host') ?? ''
    // It ends up in answers, and anybody can write anything into it.
    const host = HOST.test(given) ? given : `localhost:${this.#context.server.port}`
    return sharedText(`${this.secure ? 'https' : 'http'}://${host}${this.#context.basePath}`)
  }

  #isSecure(): boolean {
    if (this.request.url.startsWith('https:')) return true
    const { trustedProxies } = this.#context
    if (trustedProxies.length === 0) return false
    // Only what a trusted proxy says of the way in front of it counts.
    const forwarded = this.request.headers.get('x-forwarded-proto')
    return forwarded === 'https' && isInRanges(this.#peer(), trustedProxies)
  }

  #peer(): string {
    return this.#context.server.requestIP(this.request)?.address ?? ''
  }

  #find(): string {
    const peer = this.#peer()
    const { trustedProxies } = this.#context
    if (trustedProxies.length === 0) return peer
    return clientAddress(peer, this.request.headers.get('x-forwarded-for'), trustedProxies)
  }
}

const TOO_LARGE: Promise<Result<never>> = Promise.resolve(fail('message_too_large'))

let lastShared = ''

/** The same text as the last time, if it is the same: connections keep it, and nearly all come to one address. */
function sharedText(text: string): string {
  if (text !== lastShared) lastShared = text
  return lastShared
}

/** A name, an IPv4 address or an IPv6 address in brackets, with or without a port. */
const HOST = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i
