/** One transport of the realtime protocol: dispatches its frames, and decides when it and its connection end (RTN). */
import type { Soon } from '../../../../core/soon.ts'
import type { Frame, Socket } from '../../../../core/types.ts'
import { type Failure, type Result, failure } from '../../../../failure.ts'
import type { Credentials } from '../../../../identity/credentials.ts'
import type { Session } from '../../../protocol.ts'
import { isTokenFailure } from '../../errors/codes.ts'
import { ACTION } from '../../wire/actions.ts'
import { type ClientFrame, readFrame } from '../../wire/frame-reader.ts'
import { Acknowledging } from '../acknowledging/acknowledging.ts'
import type { Connection, Identified, Transport } from '../connection/connection.ts'
import { Client } from './client.ts'
import { CLOSE } from './close-codes.ts'
import type { ConnectOptions } from './connect-options.ts'
import type { ConnectRequest } from './connect-request.ts'
import { asConnectFailure, identifyAgain, identifyAnew } from './identification.ts'
import { type FrameTaker, InboundFrames, sizeOf } from './inbound-frames.ts'
import type { SessionParts } from './parts.ts'
import { connected } from './protocol-messages.ts'
import { type Resuming, claimConnection } from './resuming.ts'
import { SessionTimer, type TimedSession } from './session-timer.ts'

export class RealtimeSession implements Session, Transport, FrameTaker, TimedSession {
  readonly client: Client
  readonly #parts: SessionParts
  readonly #options: ConnectOptions
  /** As in `ConnectRequest`. */
  readonly #origin: string | null
  readonly #isSecure: boolean
  readonly #inbound: InboundFrames
  readonly #timer: SessionTimer
  #acknowledging: Acknowledging | undefined
  #connection: Connection | undefined
  #state: 'live' | 'superseded' | 'over' = 'live'

  constructor(parts: SessionParts, socket: Socket, request: ConnectRequest) {
    this.#parts = parts
    this.#options = request.options
    this.#origin = request.origin
    this.#isSecure = request.secure
    this.client = new Client(parts, socket, request)
    this.#inbound = new InboundFrames(this, parts.latencyMs)
    this.#timer = new SessionTimer(parts, this, request.options.heartbeatMs)
    const { credentials } = request
    this.#after(claimConnection(parts, request), (found) => this.#begin(found, credentials))
  }

  receive(frame: Frame): void {
    this.#inbound.receive(frame)
  }

  drained(): void {
    if (this.#state === 'live') this.#parts.attaching.drained(this.client)
  }

  closed(): void {
    this.#inbound.flush()
    if (this.#state === 'over') return
    this.#release()
    if (this.#connection) this.#parts.connections.dropped(this.#connection, this)
  }

  dismiss(): void {
    this.#disconnect(failure('restarting'), CLOSE.restart)
  }

  superseded(): void {
    this.#parts.attaching.release(this.client)
    this.#state = 'superseded'
    this.#timer.supersede()
  }

  expel(why: Failure): void {
    this.#fail(why)
  }

  acknowledge(): void {
    if (this.#state !== 'over') this.#acknowledging?.acknowledge()
  }

  /** Authenticates again, because a key, a token or a rule of the app has changed. */
  review(): void {
    const connection = this.#connection
    if (this.#state !== 'live' || !connection) return
    const { identified } = connection
    const again = identifyAgain(this.#parts.authenticator, connection, this.#origin)
    this.#after(again, (found) => {
      // The client may have sent a new token while this one was being checked.
      if (connection.identified !== identified) return
      if (found.ok) this.#identify(connection, found.value)
      else if (isTokenFailure(found.failure)) this.#disconnect(found.failure)
      else this.#fail(found.failure)
    })
  }

  take(frame: Frame): void {
    const { counters, limits } = this.#parts
    counters.messagesReceived++
    if (!this.client.takeFrame()) return this.#flood()
    if (sizeOf(frame) > limits.maxFrameBytes)
      return this.#fail(failure('message_too_large', 'the frame is too large'), CLOSE.tooBig)
    const read = readFrame(frame)
    if (!read.ok) return this.#fail(read.failure)
    if (this.#state === 'superseded') return this.#refuseSuperseded(read.value)
    const { connection } = this.client
    // A frame shows that the client got its new connection key, so the previous one is no longer needed.
    connection.previousSecret = undefined
    if (this.#parts.reviews.forget(connection)) {
      this.review()
      // The credentials are being verified: the frame waits for the result.
      if (this.#inbound.isHeld) return this.#inbound.putBack(frame)
      if (this.#state !== 'live') return
    }
    this.#act(read.value)
  }

  beat(): void {
    const { socket } = this.client
    if (this.#options.seesPings && socket.ping) socket.ping()
    else this.client.send({ action: ACTION.HEARTBEAT })
    this.client.connection.rest()
  }

  askForToken(): void {
    this.client.send({ action: ACTION.AUTH })
  }

  tokenEnded(why: Failure): void {
    this.#disconnect(why)
  }

  closeSuperseded(): void {
    this.#end(CLOSE.normal, 'superseded')
  }

  /** Created on first use, because most clients publish nothing. */
  get #acks(): Acknowledging {
    return (this.#acknowledging ??= new Acknowledging(this.#parts, this.client))
  }

  #begin(resuming: Result<Resuming>, credentials: Credentials): void {
    if (!resuming.ok) return this.#fail(asConnectFailure(resuming.failure))
    const { claimed, principal } = resuming.value
    const { appCounters, connections, room } = this.#parts
    const secure = this.#isSecure
    const { appId } = principal
    // A client that takes over a connection whose transport is still open adds no connection to the count.
    const full = claimed?.transport ? undefined : room.refusal(appId)
    if (full) {
      appCounters.of(appId).connections.refuse(secure)
      return this.#fail(failure(full))
    }
    const wish = { principal, credentials, secure, ...this.#options }
    const { connection, failure: why } = connections.admit(wish, claimed)
    this.#connection = connection
    this.client.connection = connection
    connection.transport = this
    appCounters.of(appId).connections.open(secure)
    room.opened(appId)
    this.#timer.start()
    this.#sendConnected(connection, why)
    this.#timer.watchToken(connection.principal)
  }

  #sendConnected(connection: Connection, why: Failure | undefined): void {
    const { connections, limits, siteCode } = this.#parts
    const { heartbeatMs } = this.#options
    const service = { serverId: connections.serverId, heartbeatMs, siteCode }
    const error = why && this.client.errorInfo(why)
    this.client.send(connected(connection, service, limits, error))
  }

  /** Acts on an answer as soon as it is there, unless the transport has lost its connection by then. */
  #after<T>(answer: Soon<T>, act: (answer: T) => void): void {
    if (!(answer instanceof Promise)) return act(answer)
    this.#inbound.after(answer, (known) => {
      if (this.#state === 'live') act(known)
    })
  }

  #act(frame: ClientFrame): void {
    const { client } = this
    const { attaching } = this.#parts
    switch (frame.kind) {
      case 'heartbeat':
        return client.send({ action: ACTION.HEARTBEAT, id: frame.id })
      case 'close':
        return this.#close()
      case 'disconnect':
        this.closed()
        return client.socket.close(CLOSE.normal, 'client')
      case 'auth':
        return this.#authorize(frame.accessToken)
      case 'attach':
        return this.#after(attaching.open(client, frame), (opened) =>
          attaching.attach(client, frame, opened),
        )
      case 'detach':
        return attaching.detach(client, frame.channel)
      case 'sync':
        return attaching.sync(client, frame.channel)
      case 'message':
      case 'presence':
      case 'annotation':
      case 'object':
        return this.#acks.act(frame)
      case 'unknown':
        return
    }
  }

  /** A new token for the connection that is open (RTC8a). */
  #authorize(token: string | undefined): void {
    const { client } = this
    const { connection } = client
    if (token === undefined) return this.#fail(failure('credentials_malformed'))
    const anew = identifyAnew(this.#parts.authenticator, connection, this.#origin, token)
    this.#after(anew, (found) => {
      if (!found.ok) return this.#fail(found.failure)
      // Every attached channel is authorized again, which the client pays for.
      client.chargeFrames(client.attachments.size)
      connection.identified = found.value
      this.#sendConnected(connection, undefined)
      this.#identify(connection, found.value)
    })
  }

  #identify(connection: Connection, identified: Identified): void {
    connection.identified = identified
    this.#timer.watchToken(identified.principal)
    this.#parts.attaching.review(this.client)
  }

  #refuseSuperseded(frame: ClientFrame): void {
    if (frame.kind === 'close') {
      this.client.send({ action: ACTION.CLOSED })
      return this.#end(CLOSE.normal, 'client')
    }
    if ('msgSerial' in frame) this.#acks.refuse(frame, failure('connection_superseded'))
  }

  #close(): void {
    this.client.send({ action: ACTION.CLOSED })
    this.#end(CLOSE.normal, 'client')
    this.#parts.connections.close(this.client.connection)
  }

  #flood(): void {
    const why = failure('flooding')
    this.#endForGood(why)
    this.client.socket.punish(CLOSE.policy, why.name)
  }

  /** Ends the connection with ERROR: it cannot be resumed. */
  #fail(why: Failure, code: number = CLOSE.policy): void {
    this.#endForGood(why)
    this.client.socket.close(code, why.name)
  }

  #endForGood(why: Failure): void {
    this.client.refused(why)
    this.client.send({ action: ACTION.ERROR, error: this.client.errorInfo(why) })
    const isOwn = this.#state === 'live'
    this.#release()
    if (isOwn && this.#connection) this.#parts.connections.close(this.#connection)
  }

  /** Ends the transport with DISCONNECTED: the client is expected to reconnect and resume. */
  #disconnect(why: Failure, code: number = CLOSE.normal): void {
    if (this.#state === 'over') return
    this.client.send({ action: ACTION.DISCONNECTED, error: this.client.errorInfo(why) })
    this.closed()
    this.client.socket.close(code, why.name)
  }

  #end(code: number, reason: string): void {
    this.#release()
    this.client.socket.close(code, reason)
  }

  #release(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#inbound.close()
    this.#timer.cancel()
    if (!this.#connection) return
    const { appCounters, attaching, room } = this.#parts
    const { appId } = this.#connection
    appCounters.of(appId).connections.close(this.#isSecure)
    room.closed(appId)
    attaching.release(this.client)
  }
}
