/**
 * The realtime protocol over plain requests, for networks that let no WebSocket through: the same sessions,
 * fed by `send` and read by `recv`. JSON only, as SDKs speak it here.
 */
import { NEVER, type Timed, type TimerWheel } from '../../../core/time/timer-wheel.ts'
import { type Failure, failure, refusalHeaders } from '../../../failure.ts'
import { SERVER_HEADER } from '../../../version.ts'
import type { HttpAdmission, Endpoint, Opening, Session, Visit } from '../../protocol.ts'
import { errorInfo } from '../errors/error-info.ts'
import { refusal } from '../http/answer.ts'
import { corsHeaders, preflight } from '../http/cors.ts'
import { parse, textOf } from '../wire/format.ts'
import { itemTexts } from '../../../text/json-scanner.ts'
import { CometSocket } from './comet-socket.ts'
import { type FrameRequest, arrayOf, polling, streaming } from './receivers.ts'

export interface CometParts extends HttpAdmission {
  /** Opens a session of the realtime protocol; it refuses a client by an ERROR frame. */
  readonly open: (visit: Visit) => Response | Opening
  readonly maxBacklogBytes: number
  readonly maxBodyBytes: number
  readonly wheel: TimerWheel
  /** The clock's elapsed time. */
  readonly now: () => number
  readonly onBug: (error: unknown) => void
}

const PREFIX = '/comet/'
/** SDKs give a request 90 s; a stream ends well before, and the client asks again. */
const STREAM_MS = 60_000
const POLL_MS = 20_000
/** How long a client may leave without a request for frames before its transport counts as lost. */
const ABANDONED_MS = 30_000

interface CometClient {
  readonly socket: CometSocket
  readonly session: Session
  readonly isStreaming: boolean
}

/** Frames of a request that are handled in one turn of the event loop. */
const FRAMES_A_TURN = 64

/** Runs an action once, when it is due. */
class Deadline implements Timed {
  due = NEVER
  readonly wake: () => void

  constructor(act: () => void) {
    this.wake = act
  }
}

export class Comet implements Endpoint {
  readonly name = 'ably-comet'
  readonly #parts: CometParts
  readonly #byKey = new Map<string, CometClient>()
  readonly #clients = new Map<CometSocket, CometClient>()

  constructor(parts: CometParts) {
    this.#parts = parts
  }

  owns(path: string): boolean {
    return path.startsWith(PREFIX)
  }

  /** The sessions that are open, to be dismissed when the server stops. */
  get sessions(): Session[] {
    return Array.from(this.#clients.values(), ({ session }) => session)
  }

  stop(): void {
    for (const socket of this.#clients.keys()) socket.close()
  }

  async serve(visit: Visit): Promise<Response> {
    const { request, path } = visit
    if (request.method === 'OPTIONS') return preflight(request)
    const [first = '', action, ...rest] = path.slice(PREFIX.length).split('/')
    if (first === 'connect' && action === undefined) return this.#connect(visit)
    if (rest.length > 0) return refused(failure('not_found'), visit)
    const client = this.#byKey.get(first)
    if (!client || client.socket.isEnded) return refused(failure('transport_unknown'), visit)
    switch (action) {
      case 'recv':
        return this.#receive(client, visit)
      case 'send':
        return this.#send(client, visit)
      case 'close':
        client.session.receive('{"action":7}')
        return answer('[]', 200, visit)
      case 'disconnect':
        // The transport is lost; the connection may be resumed over another.
        client.socket.close()
        return answer('[]', 200, visit)
      default:
        return refused(failure('not_found'), visit)
    }
  }

  refuse({ base }: Visit, why: Failure): Response {
    return refusal(why, { format: 'json', envelope: undefined, origin: null }, base)
  }

  async #connect(visit: Visit): Promise<Response> {
    const turned = this.#parts.turnAway(visit)
    if (turned) return refused(failure(turned), visit)
    const query = new URLSearchParams(visit.query)
    if ((query.get('format') ?? 'json') !== 'json')
      return refused(failure('parameter_invalid', 'without a WebSocket the format is JSON'), visit)
    const opening = this.#parts.open(visit)
    if (opening instanceof Response) return opening
    const isStreaming = query.get('stream') !== 'false'
    const { address } = visit
    const { wheel } = this.#parts
    const abandoned = new Deadline(() => socket.close())
    const socket = new CometSocket({
      id: this.#parts.nextSocketId(),
      address,
      maxBacklogBytes: this.#parts.maxBacklogBytes,
      onAbandoned: () => this.#schedule(abandoned, ABANDONED_MS),
      onRequested: () => wheel.cancel(abandoned),
      punish: () => this.#parts.ban(address),
      onDrained: () => this.#drained(socket),
      onEnd: () => {
        wheel.cancel(abandoned)
        this.#ended(socket)
      },
    })
    this.#parts.opened(address)
    const client: CometClient = { socket, session: opening(socket), isStreaming }
    // A session that refuses has closed its socket already.
    if (!socket.isEnded) this.#clients.set(socket, client)
    const request = this.#request(client, visit)
    const frames = await request.first
    for (const key of socket.keys) this.#byKey.set(key, client)
    const status = statusOf(frames)
    // SDKs read a refusal as a whole, so it is not streamed.
    return answer(status < 400 ? await request.body : arrayOf(frames), status, visit)
  }

  async #receive(client: CometClient, visit: Visit): Promise<Response> {
    return answer(await this.#request(client, visit).body, 200, visit)
  }

  #request(client: CometClient, visit: Visit): FrameRequest {
    const { socket, isStreaming } = client
    const endSilence = visit.keepOpen()
    const request: FrameRequest = isStreaming
      ? streaming({
          roomBytes: this.#parts.maxBacklogBytes,
          onTaken: () => this.#drained(socket),
          onGone: () => socket.release(request.receiver),
        })
      : polling(() => this.#drained(socket))
    const { receiver } = request
    const deadline = new Deadline(() => {
      socket.release(receiver)
      receiver.end()
      endSilence()
    })
    this.#schedule(deadline, isStreaming ? STREAM_MS : POLL_MS)
    const over = () => {
      this.#parts.wheel.cancel(deadline)
      socket.release(receiver)
      endSilence()
    }
    visit.request.signal.addEventListener('abort', over)
    if (!isStreaming) void request.first.then(over)
    socket.receive(receiver)
    return request
  }

  #schedule(deadline: Deadline, afterMs: number): void {
    const { now, wheel } = this.#parts
    wheel.schedule(deadline, now() + afterMs)
  }

  async #send(client: CometClient, visit: Visit): Promise<Response> {
    const frames = await this.#readFrames(visit)
    if (!Array.isArray(frames)) return refused(frames, visit)
    if (client.socket.isEnded) return refused(failure('transport_unknown'), visit)
    for (const [index, frame] of frames.entries()) {
      if (index > 0 && index % FRAMES_A_TURN === 0) await new Promise(setImmediate)
      if (client.socket.isEnded) break
      this.#guarded(client, () => client.session.receive(frame))
    }
    // The frames may have led to a new connection key, which later requests use.
    for (const key of client.socket.keys) this.#byKey.set(key, client)
    return answer('[]', 200, visit)
  }

  async #readFrames(visit: Visit): Promise<string[] | Failure> {
    const body = await visit.body(this.#parts.maxBodyBytes)
    if (!body.ok) return body.failure
    const text = textOf(body.value)
    if (!text.ok) return failure('bad_request', 'the body is not valid UTF-8')
    const parsed = parse(text.value)
    if (!parsed.ok) return failure('bad_request', 'the body is not valid JSON')
    if (!Array.isArray(parsed.value)) return failure('bad_request', 'the body is no array')
    return itemTexts(text.value)
  }

  /** In a microtask, because the socket may be in the middle of sending. */
  #drained(socket: CometSocket): void {
    const client = this.#clients.get(socket)
    if (client) queueMicrotask(() => this.#guarded(client, () => client.session.drained?.()))
  }

  #ended(socket: CometSocket): void {
    this.#parts.closed(socket.address)
    for (const key of socket.keys) this.#byKey.delete(key)
    const client = this.#clients.get(socket)
    if (!client) return
    this.#clients.delete(socket)
    // In a microtask, because a session that closes its socket may be in the middle of handling a frame.
    queueMicrotask(() => this.#guarded(client, () => client.session.closed()))
  }

  /** A bug in one session ends that session, never the process (rule 10 of src/docs/architecture.md). */
  #guarded(client: CometClient, act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#parts.onBug(error)
      client.socket.close()
    }
  }
}

/** SDKs read frames from an answer of any status; the status is for proxies and people. */
function statusOf(frames: readonly string[]): number {
  const refusing = frames.find((frame) => /^\{"action":(?:6|9)[,}]/.test(frame))
  if (refusing === undefined) return 200
  const { error } = JSON.parse(refusing) as { error?: { statusCode?: number } }
  return error?.statusCode ?? 400
}

function answer(body: ReadableStream | string, status: number, { request }: Visit): Response {
  return new Response(body, {
    status,
    headers: {
      ...SERVER_HEADER,
      ...corsHeaders(request.headers.get('origin')),
      'content-type': 'application/json',
      'cache-control': 'no-store',
      // Proxies must pass each line on at once.
      'x-accel-buffering': 'no',
    },
  })
}

function refused(why: Failure, visit: Visit): Response {
  const error = errorInfo(why, visit.base)
  const response = answer(JSON.stringify({ error }), why.status, visit)
  response.headers.set('x-ably-errorcode', String(error.code))
  for (const [name, value] of Object.entries(refusalHeaders(why))) response.headers.set(name, value)
  return response
}
