/** All streams over HTTP: what each listens to, as long as its credentials permit it, and until the server stops. */
import type { AppCounters } from '../../../core/counting/app-counters.ts'
import type { Broker } from '../../../core/broker.ts'
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
  readonly broker: Broker
  readonly ids: IdSource
  readonly room: ConnectionRoom
  readonly clock: Clock
  readonly time: ChannelTime
  readonly counters: Counters
  readonly appCounters: AppCounters
  /** For how long a reader may take nothing of what waits for it. */
  readonly idleMs: number
  /** Bytes that may wait for one reader. */
  readonly maxBacklogBytes: number
  readonly turns: FairTurns
  readonly onBug: (error: unknown) => void
}

/** What somebody wants to hear. */
export type NewStream = Pick<
  StreamParts,
  'address' | 'secure' | 'origin' | 'base' | 'style' | 'hasHeartbeats' | 'credentials' | 'principal'
> & {
  readonly channels: readonly StreamedChannel[]
  /** Where the client was before. */
  readonly cursor: string | undefined
  /** Why the principal may not go on listening to these channels; asked when the principal has changed. */
  readonly refusal: (principal: AppPrincipal) => Failure | undefined
}

const CONNECTION_ID_LENGTH = 12
const TICK_MS = 1000
/** Proxies give up on silence after 30 s at the earliest. */
const QUIET_MS = 15_000
const MODES = MODE.subscribe | MODE.presenceSubscribe

export class Streams {
  readonly #parts: StreamsParts
  readonly #shared = new SharedFrames()
  /** Of those that have not been sent yet what came before them. */
  readonly #backlogs = new Map<EventStream, StreamBacklog>()
  readonly #apps = new Map<string, Map<EventStream, NewStream['refusal']>>()
  #timer: Timer | undefined

  constructor(parts: StreamsParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** Ends all streams; their clients go on elsewhere. */
  stop(): void {
    clearInterval(this.#timer)
    for (const { stream } of this.#all()) stream.close(0, 'server')
  }

  /** What came before and what is to come are joined in one step, so that nothing is missing or doubled. */
  open(wish: NewStream): ReadableStream<Uint8Array> {
    const { appCounters, broker, clock, ids, maxBacklogBytes, nextSocketId, room } = this.#parts
    const { cursor: _, channels, refusal, ...given } = wish
    // First, because what cannot be read is told as the answer to the request.
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
      stream.attachments.push(broker.attach(channel, newcomer))
    }
    this.#schedule(stream)
    this.#parts.opened(given.address)
    appCounters.of(given.principal.appId).connections.open(given.secure)
    room.opened(given.principal.appId)
    this.#begin(stream, entries, channels)
    return body
  }

  /** Why an app may have no other stream, if so. */
  refusal(appId: string): FailureName | undefined {
    return this.#parts.room.refusal(appId)
  }

  /** To be told when an app, a key of it, a rule or a revocation has changed. */
  appChanged(appId: string): void {
    for (const [stream, refusal] of this.#apps.get(appId) ?? []) this.#review(stream, refusal)
  }

  #entriesFor({ channels, cursor }: NewStream): BacklogEntry[] | undefined {
    const { broker, time } = this.#parts
    return cursor === undefined ? rewound(channels, broker, time.now()) : missed(channels, cursor)
  }

  #begin(
    stream: EventStream,
    entries: readonly BacklogEntry[] | undefined,
    channels: readonly StreamedChannel[],
  ): void {
    const { maxBacklogBytes, onBug, turns } = this.#parts
    // Only with something in it does the answer begin to arrive.
    stream.keepAlive(0)
    const tellGone = () => stream.error(failure('messages_expired'), newestOf(channels))
    if (!entries) tellGone()
    const parts = {
      turns,
      shared: this.#shared,
      onBug,
      // The other half is for what is live meanwhile.
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

  /** From now on it hears what is live. */
  #caughtUp(stream: EventStream, channels: readonly StreamedChannel[]): void {
    this.#backlogs.delete(stream)
    for (const [index, attachment] of stream.attachments.entries()) {
      const formats = [{ protocol: STREAM_PROTOCOL, variant: channels[index]!.variant }]
      this.#parts.broker.change(attachment, MODES, formats)
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
    for (const attachment of stream.attachments) this.#parts.broker.detach(attachment)
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

  /** Looks at the credentials again, as if they came with a new request. */
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

  /** Until the token expires, or a revocation applies that gave its holder time. */
  #schedule(stream: EventStream): void {
    const now = momentOf(this.#parts.clock)
    stream.token = tokenEnd(stream.principal, this.#parts, now, stream.token)
  }

  /** What its date does not say where the clock was set back. */
  #overdue({ token }: EventStream): Failure | undefined {
    return token && token.endsAt <= this.#parts.clock.elapsed() ? token.failure : undefined
  }

  *#all(): Iterable<{ stream: EventStream; refusal: NewStream['refusal'] }> {
    for (const app of this.#apps.values())
      for (const [stream, refusal] of app) yield { stream, refusal }
  }
}

/** From where a client goes on that has lost its place. */
function newestOf(channels: readonly StreamedChannel[]): string | undefined {
  return channels
    .map(({ channel }) => channel.recent.head)
    .toSorted()
    .at(-1)
}
