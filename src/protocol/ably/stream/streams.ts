/** All streams over HTTP: opened, authenticated again, and ended. */
import type { Histories } from '../../../core/history/histories.ts'
import type { AppCounters } from '../../../core/counting/app-counters.ts'
import type { Attachments } from '../../../core/delivery/attachments.ts'
import type { ChannelTime } from '../../../core/time/channel-time.ts'
import { type Clock, momentOf } from '../../../core/clock.ts'
import type { ConnectionRoom } from '../../../core/registry/connection-room.ts'
import { type Counters, count } from '../../../core/counting/counters.ts'
import type { FairTurns } from '../../../core/time/fair-turns.ts'
import type { IdSource } from '../../../core/id-source.ts'
import { MODE } from '../../../core/modes.ts'
import { type Failure, type FailureName, type Result, failure } from '../../../failure.ts'
import type { Authenticator } from '../../../identity/authenticate.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import type { RevocationList } from '../../../identity/revocation.ts'
import { SharedFrames } from '../subscription/shared-frames.ts'
import type { HttpAdmission } from '../../protocol.ts'
import { isOver, tokenEnd } from '../connection/token-expiry.ts'
import {
  StreamBacklog,
  type BacklogEntry,
  type StreamedChannel,
  missed,
  rewound,
} from './backlog.ts'
import { STREAM_PROTOCOL } from './encode.ts'
import { EventStream, type StreamParts } from './event-stream.ts'

export interface StreamsParts extends HttpAdmission {
  readonly authenticator: Authenticator
  readonly revocations: RevocationList
  readonly attachments: Attachments
  readonly histories: Histories
  readonly ids: IdSource
  readonly room: ConnectionRoom
  readonly clock: Clock
  readonly time: ChannelTime
  readonly counters: Counters
  readonly appCounters: AppCounters
  /** Milliseconds after which a reader that takes nothing of what is queued is cut off. */
  readonly idleMs: number
  /** Bytes that may be queued for one reader. */
  readonly maxBacklogBytes: number
  readonly turns: FairTurns
  readonly onBug: (error: unknown) => void
}

/** A stream to be opened. */
export type NewStream = Pick<
  StreamParts,
  'address' | 'secure' | 'origin' | 'base' | 'style' | 'hasHeartbeats' | 'credentials' | 'principal'
> & {
  readonly channels: readonly StreamedChannel[]
  /** The event id after which the client resumes. */
  readonly cursor: string | undefined
  /** Why a principal may not subscribe to these channels; asked again when the principal has changed. */
  readonly refusal: (principal: AppPrincipal) => Failure | undefined
}

const CONNECTION_ID_LENGTH = 12
const TICK_MS = 1000
/** Proxies cut idle responses off after 30 s at the earliest. */
const QUIET_MS = 15_000
const MODES = MODE.subscribe | MODE.presenceSubscribe

export class Streams {
  readonly #parts: StreamsParts
  readonly #shared = new SharedFrames()
  /** Of streams that have not been sent their backlog yet. */
  readonly #backlogs = new Map<EventStream, StreamBacklog>()
  readonly #apps = new Map<string, Map<EventStream, NewStream['refusal']>>()
  #timer: Timer | undefined

  constructor(parts: StreamsParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** Ends all streams; clients resume with another request. */
  stop(): void {
    clearInterval(this.#timer)
    for (const { stream } of this.#all()) stream.close(0, 'server')
  }

  /** Backlog and live events are joined in one turn, so that nothing is missing or doubled. */
  open(wish: NewStream): ReadableStream<Uint8Array> {
    const { appCounters, attachments, clock, ids, maxBacklogBytes, nextSocketId, room } =
      this.#parts
    const { cursor: _, channels, refusal, ...given } = wish
    // Read first, because a failure is the answer to the request.
    const entries = this.#entriesFor(wish)
    const stream = new EventStream({
      ...given,
      id: nextSocketId(),
      maxBacklogBytes,
      now: () => clock.elapsed(),
      punish: () => this.#parts.ban(given.address),
      onTaken: (taken) => this.#backlogs.get(taken)?.goOn(),
      onEnd: (ended, reason) => this.#ended(ended, reason),
    })
    this.#add(stream, refusal)
    const body = stream.open()
    const connectionId = ids.next(CONNECTION_ID_LENGTH)
    for (const { channel } of channels) {
      const newcomer = { socket: stream, connectionId, modes: MODES, formats: [] }
      stream.attachments.push(attachments.attach(channel, newcomer))
    }
    this.#schedule(stream)
    this.#parts.opened(given.address)
    appCounters.of(given.principal.appId).connections.open(given.secure)
    room.opened(given.principal.appId)
    this.#begin(stream, entries, channels)
    return body
  }

  /** Why the app may open no more streams, if so. */
  refusal(appId: string): FailureName | undefined {
    return this.#parts.room.refusal(appId)
  }

  /** To be called when an app, one of its keys or rules, or a revocation has changed. */
  appChanged(appId: string): void {
    for (const [stream, refusal] of this.#apps.get(appId) ?? []) this.#review(stream, refusal)
  }

  #entriesFor({ channels, cursor }: NewStream): BacklogEntry[] | undefined {
    const { histories, time } = this.#parts
    return cursor === undefined
      ? rewound(channels, histories, time.now())
      : missed(channels, cursor)
  }

  #begin(
    stream: EventStream,
    entries: readonly BacklogEntry[] | undefined,
    channels: readonly StreamedChannel[],
  ): void {
    const { maxBacklogBytes, onBug, turns } = this.#parts
    // The response headers are only sent with the first bytes of the body.
    stream.keepAlive(0)
    const tellGone = () => stream.error(failure('messages_expired'), newestOf(channels))
    if (!entries) tellGone()
    const parts = {
      turns,
      shared: this.#shared,
      onBug,
      // The other half of the backlog limit is for live events that come meanwhile.
      roomBytes: maxBacklogBytes / 2,
      onCaughtUp: () => this.#caughtUp(stream, channels),
      onForgotten: () => {
        tellGone()
        this.#caughtUp(stream, channels)
      },
    }
    const backlog = new StreamBacklog(parts, stream, channels, entries ?? [])
    this.#backlogs.set(stream, backlog)
    backlog.goOn()
  }

  /** From now on the stream gets live events. */
  #caughtUp(stream: EventStream, channels: readonly StreamedChannel[]): void {
    this.#backlogs.delete(stream)
    for (const [index, attachment] of stream.attachments.entries()) {
      const formats = [{ protocol: STREAM_PROTOCOL, variant: channels[index]!.variant }]
      this.#parts.attachments.change(attachment, MODES, formats)
    }
  }

  #add(stream: EventStream, refusal: NewStream['refusal']): void {
    const { appId } = stream.principal
    const app = this.#apps.get(appId)
    if (app) app.set(stream, refusal)
    else this.#apps.set(appId, new Map([[stream, refusal]]))
  }

  #ended(stream: EventStream, reason: string): void {
    const { appId } = stream.principal
    const app = this.#apps.get(appId)
    if (!app?.delete(stream)) return
    if (app.size === 0) this.#apps.delete(appId)
    this.#backlogs.delete(stream)
    for (const attachment of stream.attachments) this.#parts.attachments.detach(attachment)
    const { address, secure } = stream.parts
    this.#parts.closed(address)
    this.#parts.appCounters.of(appId).connections.close(secure)
    this.#parts.room.closed(appId)
    count(this.#parts.counters.closes, reason)
  }

  #tick(): void {
    const now = momentOf(this.#parts.clock)
    for (const { stream, refusal } of this.#all()) {
      if (stream.token && isOver(stream.token, now)) this.#review(stream, refusal)
      else {
        stream.keepAlive(QUIET_MS)
        stream.endUnread(this.#parts.idleMs)
      }
    }
  }

  /** Authenticates again, as if the credentials came with a new request. */
  #review(stream: EventStream, refusal: NewStream['refusal']): void {
    const { credentials, origin, secure } = stream.parts
    const decide = (found: Result<AppPrincipal>) => {
      const why = found.ok ? (this.#overdue(stream) ?? refusal(found.value)) : found.failure
      if (why) {
        stream.error(why)
        return stream.close(0, why.name)
      }
      if (found.ok) stream.principal = found.value
      this.#schedule(stream)
    }
    const found = this.#parts.authenticator.authenticate(credentials, { secure, origin })
    if (found instanceof Promise) found.then(decide, this.#parts.onBug)
    else decide(found)
  }

  /** Notes when the token expires, or a revocation takes effect that was announced before. */
  #schedule(stream: EventStream): void {
    const now = momentOf(this.#parts.clock)
    stream.token = tokenEnd(stream.principal, this.#parts, now, stream.token)
  }

  /** Whether the token has ended by elapsed time, which counts if the clock was set back. */
  #overdue({ token }: EventStream): Failure | undefined {
    return token && token.endsAt <= this.#parts.clock.elapsed() ? token.failure : undefined
  }

  *#all(): Iterable<{ stream: EventStream; refusal: NewStream['refusal'] }> {
    for (const app of this.#apps.values())
      for (const [stream, refusal] of app) yield { stream, refusal }
  }
}

/** The newest position, from which a client resumes that cannot resume from its own. */
function newestOf(channels: readonly StreamedChannel[]): string | undefined {
  return channels
    .map(({ channel }) => channel.recent.head)
    .toSorted()
    .at(-1)
}
