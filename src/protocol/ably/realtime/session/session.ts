/** One client over one transport: its frames, in their order, and what becomes of the connection (RTN). */
import { Allowance } from '../../../../core/access/allowance.ts'
import { momentOf } from '../../../../core/clock.ts'
import type { Frame, Socket } from '../../../../core/types.ts'
import { type Failure, failure } from '../../../../failure.ts'
import type { Session } from '../../../protocol.ts'
import { type ErrorInfo, errorInfo } from '../../errors/error-info.ts'
import { ACTION } from '../../wire/actions.ts'
import type { Format } from '../../wire/format.ts'
import { type ClientFrame, readFrame } from '../../wire/frame-reader.ts'
import { controlFrame } from '../../wire/frames.ts'
import { isTokenFailure } from '../../errors/codes.ts'
import { type TokenEnd, isOver, tokenEnd } from '../../connection/token-expiry.ts'
import type { Soon } from '../../../../core/soon.ts'
import { asAuthFailure, asConnectFailure } from './auth-failures.ts'
import type { Attached } from '../attaching/attached.ts'
import type { Client } from './client.ts'
import type { Connection, Identified, Transport } from '../connection/connection.ts'
import { Distance } from './simulated-latency.ts'
import type { Hello, Verdict } from './connect-request.ts'
import { type Service, connected } from './protocol-messages.ts'
import { NumberedFrames } from '../acknowledging/acknowledging.ts'
import type { SessionParts } from './parts.ts'
import { SmallMap } from './small-map.ts'
import { NEVER, type Timed } from '../../../../core/timer-wheel.ts'

/** WebSocket close codes (RFC 6455 7.4.1; 1012 from the IANA registry). */
const CLOSE = { normal: 1000, policy: 1008, tooBig: 1009, restart: 1012 } as const

/** Frames that may wait while a signature is checked. */
const MAX_HELD = 1000
/** What they may come to: many of the largest frames, and far more than arrives in that time. */
const MAX_HELD_BYTES = 8_388_608
/** Messages or members that take as long to send as a frame to receive. */
const ITEMS_PER_FRAME = 12
/** Frames that one answer counts for at most: whoever comes back to many channels has to get through. */
const MAX_CHARGE = 8
/** How long a transport stays open whose connection has moved on: its client closes it itself when it hears nothing. */
const SUPERSEDED_MS = 30_000

export class RealtimeSession implements Session, Transport, Client, Timed {
  readonly socket: Socket
  readonly format: Format
  readonly echo: boolean
  readonly rollupMs: number
  readonly attachments = new SmallMap<Attached>()
  due = NEVER
  readonly #parts: SessionParts
  readonly #base: string
  readonly #isSecure: boolean
  readonly #origin: string | null
  readonly #heartbeatMs: number
  readonly #seesPings: boolean
  readonly #frames: Allowance
  readonly #distance: Distance
  #numbered: NumberedFrames | undefined
  #connection: Connection | undefined
  #state: 'live' | 'superseded' | 'over' = 'live'
  /** What arrives while it is not known whose it is. */
  #held: Frame[] | undefined
  #heldBytes = 0
  #token: TokenEnd | undefined
  #nextHeartbeat = NEVER

  constructor(parts: SessionParts, socket: Socket, hello: Hello) {
    const { options } = hello
    this.#parts = parts
    this.socket = socket
    this.format = options.format
    this.echo = options.echo
    this.rollupMs = options.rollupMs
    this.#base = hello.base
    this.#isSecure = hello.secure
    this.#origin = hello.origin
    this.#heartbeatMs = options.heartbeatMs
    this.#seesPings = options.seesPings
    this.#frames = new Allowance(parts.limits.frames, parts.clock)
    this.#distance = new Distance(parts.latencyMs, (frame) => this.#arrived(frame))
    this.#whenKnown(hello.verdict, (verdict) => this.#begin(hello, verdict))
  }

  get connection(): Connection {
    return this.#connection!
  }

  get allowance(): Allowance {
    return this.#published.allowance
  }

  get #service(): Service {
    return { serverId: this.#parts.connections.serverId, heartbeatMs: this.#heartbeatMs }
  }

  send(message: Readonly<Record<string, unknown>>): void {
    this.socket.send(controlFrame(message, this.format))
  }

  sendFrame(frame: Frame): void {
    this.socket.send(frame)
  }

  errorInfo(why: Failure): ErrorInfo {
    return errorInfo(why, this.#base)
  }

  charge(items: number): void {
    this.#frames.spend(Math.min(items / ITEMS_PER_FRAME, MAX_CHARGE))
  }

  refused(why: Failure, channel?: string): void {
    const { address } = this.socket
    this.#parts.onRefusal(why, { address, app: this.#connection?.appId, channel })
  }

  receive(frame: Frame): void {
    this.#distance.send(frame)
  }

  #arrived(frame: Frame): void {
    if (this.#state === 'over') return
    if (!this.#held) return this.#take(frame)
    this.#held.push(frame)
    this.#heldBytes += sizeOf(frame)
    const isTooMuch = this.#held.length > MAX_HELD || this.#heldBytes > MAX_HELD_BYTES
    if (isTooMuch) this.#fail(failure('flooding'))
  }

  drained(): void {
    if (this.#state === 'live') this.#parts.attaching.drained(this)
  }

  closed(): void {
    this.#distance.flush()
    if (this.#state === 'over') return
    this.#release()
    if (this.#connection) this.#parts.connections.dropped(this.#connection, this)
  }

  dismiss(): void {
    this.#disconnect(failure('restarting'), CLOSE.restart)
  }

  superseded(): void {
    const { attaching, clock, wheel } = this.#parts
    attaching.release(this)
    this.#state = 'superseded'
    wheel.schedule(this, clock.elapsed() + SUPERSEDED_MS)
  }

  wake(now: number): void {
    if (this.#state === 'over') return
    if (this.#state === 'superseded') return this.#end(CLOSE.normal, 'superseded')
    const moment = { date: this.#parts.clock.now(), elapsed: now }
    if (this.#token && isOver(this.#token, moment)) return this.#disconnect(this.#token.failure)
    this.#hint(now)
    if (this.#nextHeartbeat <= now) {
      this.#beat()
      this.connection.rest()
      this.#nextHeartbeat = now + this.#heartbeatMs
    }
    this.#schedule()
  }

  #beat(): void {
    if (this.#seesPings && this.socket.ping) this.socket.ping()
    else this.send({ action: ACTION.HEARTBEAT })
  }

  expel(why: Failure): void {
    this.#fail(why)
  }

  acknowledge(): void {
    if (this.#state !== 'over') this.#numbered?.acknowledge()
  }

  /** Whether the credentials still count, and for what: a key, a token or a rule has changed. */
  review(): void {
    if (this.#state !== 'live' || !this.#connection) return
    const { credentials, secure } = this.#connection.identified
    const { authenticator } = this.#parts
    const verdict = authenticator.authenticate(credentials, { secure, origin: this.#origin })
    this.#whenKnown(verdict, (found) => {
      // A new token may have come in the meantime.
      if (this.connection.identified.credentials !== credentials) return
      if (found.ok) this.#identify({ principal: found.value, credentials, secure })
      else if (isTokenFailure(found.failure)) this.#disconnect(found.failure)
      else this.#fail(found.failure)
    })
  }

  #begin({ credentials, options, secure }: Hello, verdict: Verdict): void {
    if (!verdict.ok) return this.#fail(asConnectFailure(verdict.failure))
    const { appCounters, clock, connections, limits, room } = this.#parts
    const { appId } = verdict.value
    // Whoever takes a connection over from a transport that is still there needs no room for another.
    const isHere = options.key !== undefined && connections.isHere(options.key, appId)
    const full = isHere ? undefined : room.refusal(appId)
    if (full) {
      appCounters.of(appId).connections.refuse(secure)
      return this.#fail(failure(full))
    }
    const identified = { principal: verdict.value, credentials, secure }
    const { connection, failure: why } = connections.admit({ ...identified, ...options })
    this.#connection = connection
    connection.transport = this
    appCounters.of(appId).connections.open(secure)
    room.opened(appId)
    const now = clock.elapsed()
    this.#nextHeartbeat = now + this.#heartbeatMs
    this.send(connected(connection, this.#service, limits, why && this.errorInfo(why)))
    this.#watchToken()
  }

  /** Holds back what comes in the meantime, so that nothing is done in the wrong name. */
  #whenKnown<T>(answer: Soon<T>, act: (answer: T) => void): void {
    if (!(answer instanceof Promise)) return act(answer)
    this.#held ??= []
    void answer.then((found) => {
      if (this.#state === 'over') return
      const held = this.#held ?? []
      this.#held = undefined
      this.#heldBytes = 0
      if (this.#state === 'live') act(found)
      for (const frame of held) this.#arrived(frame)
    })
  }

  #take(frame: Frame): void {
    const { counters, limits } = this.#parts
    counters.messagesReceived++
    if (!this.#frames.take()) return this.#flood()
    if (sizeOf(frame) > limits.maxFrameBytes)
      return this.#fail(failure('message_too_large', 'the frame is too large'), CLOSE.tooBig)
    const read = readFrame(frame)
    if (!read.ok) return this.#fail(read.failure)
    if (this.#state === 'superseded') return this.#refuseSuperseded(read.value)
    // The client has its new key.
    this.connection.previousSecret = undefined
    if (this.#parts.unreviewed.delete(this.connection)) {
      this.review()
      // Until a signature has been checked again; the frame comes first of those that wait.
      if (this.#held) return void this.#held.push(frame)
      if (this.#state !== 'live') return
    }
    this.#act(read.value)
  }

  #act(frame: ClientFrame): void {
    const { annotating, attaching, presences, publishing } = this.#parts
    switch (frame.kind) {
      case 'heartbeat':
        return this.#answerPing(frame.id)
      case 'close':
        return this.#close()
      case 'disconnect':
        this.closed()
        return this.socket.close(CLOSE.normal, 'client')
      case 'auth':
        return this.#authorize(frame.accessToken)
      case 'attach':
        return this.#whenKnown(attaching.open(this, frame), (opened) =>
          attaching.attach(this, frame, opened),
        )
      case 'detach':
        return attaching.detach(this, frame.channel)
      case 'sync':
        return attaching.sync(this, frame.channel)
      case 'message':
        return this.#published.deal(frame, () => publishing.publish(this, frame))
      case 'presence':
        return this.#published.deal(frame, () => presences.change(this, frame))
      case 'annotation':
        return this.#published.deal(frame, () => annotating.annotate(this, frame))
      case 'object':
        return this.#published.deal(frame, () => ({
          ok: false,
          failure: failure('objects_unsupported'),
        }))
      case 'unknown':
        return
    }
  }

  #answerPing(id: string | undefined): void {
    this.send({ action: ACTION.HEARTBEAT, id })
  }

  /** Most clients publish nothing. */
  get #published(): NumberedFrames {
    return (this.#numbered ??= new NumberedFrames(this.#parts, this))
  }

  /** A new token for the connection that is open (RTC8a). */
  #authorize(token: string | undefined): void {
    const { authenticator } = this.#parts
    const { principal, identified } = this.connection
    if (token === undefined) return this.#fail(failure('credentials_malformed'))
    const { secure } = identified
    const clientId = principal.clientId ?? identified.credentials.clientId
    const credentials = { credential: { kind: 'token' as const, text: token }, clientId }
    this.#whenKnown(
      authenticator.authenticate(credentials, { secure, origin: this.#origin }),
      (verdict) => {
        if (!verdict.ok) return this.#fail(asAuthFailure(verdict.failure))
        if (verdict.value.appId !== this.connection.appId)
          return this.#fail(failure('client_id_mismatch', 'the token is of another app'))
        // Each of its channels is decided about anew.
        this.#frames.spend(this.attachments.size)
        const { limits } = this.#parts
        this.connection.identified = { principal: verdict.value, credentials, secure }
        this.send(connected(this.connection, this.#service, limits, undefined))
        this.#identify(this.connection.identified)
      },
    )
  }

  #identify(identified: Identified): void {
    this.connection.identified = identified
    this.#watchToken()
    this.#parts.attaching.review(this)
  }

  #watchToken(): void {
    const { clock, directory } = this.#parts
    const now = momentOf(clock)
    this.#token = tokenEnd(this.connection.principal, directory, now, this.#token)
    this.#hint(now.elapsed)
    this.#schedule()
  }

  /** Asks for a new token if it is time. */
  #hint(now: number): void {
    if (!this.#token || this.#token.hintAt > now) return
    this.#token = { ...this.#token, hintAt: NEVER }
    this.send({ action: ACTION.AUTH })
  }

  #schedule(): void {
    const { endsAt = NEVER, hintAt = NEVER } = this.#token ?? {}
    this.#parts.wheel.schedule(this, Math.min(this.#nextHeartbeat, hintAt, endsAt))
  }

  #refuseSuperseded(frame: ClientFrame): void {
    if (frame.kind === 'close') {
      this.send({ action: ACTION.CLOSED })
      return this.#end(CLOSE.normal, 'client')
    }
    if ('msgSerial' in frame)
      this.#published.refuse(frame, { ok: false, failure: failure('connection_superseded') })
  }

  #close(): void {
    this.send({ action: ACTION.CLOSED })
    this.#end(CLOSE.normal, 'client')
    this.#parts.connections.close(this.connection)
  }

  #flood(): void {
    this.#sayError(failure('flooding'))
    this.#endForGood()
    this.socket.punish(CLOSE.policy, 'flooding')
  }

  /** The end of the connection: there is nothing to come back to. */
  #fail(why: Failure, code: number = CLOSE.policy): void {
    this.#sayError(why)
    this.#endForGood()
    this.socket.close(code, why.name)
  }

  #sayError(why: Failure): void {
    this.refused(why)
    this.send({ action: ACTION.ERROR, error: this.errorInfo(why) })
  }

  #endForGood(): void {
    const isOwn = this.#state === 'live'
    this.#release()
    if (isOwn && this.#connection) this.#parts.connections.close(this.#connection)
  }

  /** The end of the transport only: the client is to come back. */
  #disconnect(why: Failure, code: number = CLOSE.normal): void {
    if (this.#state === 'over') return
    this.send({ action: ACTION.DISCONNECTED, error: this.errorInfo(why) })
    this.closed()
    this.socket.close(code, why.name)
  }

  #end(code: number, reason: string): void {
    this.#release()
    this.socket.close(code, reason)
  }

  #release(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#held = undefined
    this.#parts.wheel.cancel(this)
    if (!this.#connection) return
    const { appCounters, attaching, room } = this.#parts
    const { appId } = this.#connection
    appCounters.of(appId).connections.close(this.#isSecure)
    room.closed(appId)
    attaching.release(this)
  }
}

/** In characters or bytes: near enough for a limit that is far above every message's. */
function sizeOf(frame: Frame): number {
  return typeof frame === 'string' ? frame.length : frame.byteLength
}
