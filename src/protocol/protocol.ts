/** The seam to a wire protocol: a folder each, none aware of another. */
import type { Encode } from '../core/delivery/delivery.ts'
import type { Frame, Socket } from '../core/types.ts'
import type { Failure, FailureName, Result } from '../failure.ts'

/** Letters in the path of a page, or of the API: far more than any of them has. Channels have limits of their own. */
export const MAX_PATH_LETTERS = 4096

/** A request that the transport has let in. */
export interface Visit {
  readonly request: Request
  /** Path without the base path, still percent-encoded. */
  readonly path: string
  /** Query string without its `?`, still encoded; it may hold secrets. */
  readonly query: string
  /** The client's address. */
  readonly address: string
  /**
   * The bytes of the body, once whatever came along with the request has been looked at too: what is done in a row
   * costs much less than one by one. It may take long, so that what was decided before it must be decided again.
   * @param maxBytes of those that the protocol takes here
   * @returns `message_too_large`; `bad_request` if the client hangs up; or why the transport reads no more of it
   */
  body(maxBytes: number): Promise<Result<Uint8Array>>
  /**
   * Whether the client's address may show credentials that it costs something to look at: not while it keeps on
   * showing wrong ones. Those that are known to be good are never asked about.
   */
  mayAttempt(): boolean
  /** Counts credentials that were missing or wrong; false where the address has shown too many to be told which. */
  failedAttempt(): boolean
  /**
   * Lets the answer take as long as it needs: silence does not end the request any more. A body that was not read
   * is dropped, for it would be kept all that time.
   * @returns to be called once the answer is complete: whoever does not read it is cut off then, as with any other
   */
  keepOpen(): () => void
  /** Whether the client's own connection is encrypted, as far as this server or a trusted proxy can tell. */
  readonly secure: boolean
  /** This server as the client addresses it, with its base path: `https://my.host:8443/realtime`. */
  readonly base: string
}

/** The state of one socket: what a protocol must remember between frames. */
export interface Session {
  receive(frame: Frame): void
  /** Called when some of what was queued has gone out. */
  drained?(): void
  /** The socket is gone; nothing can be sent any more. */
  closed(): void
  /** The server is about to close the socket: says so in the protocol's own way, and closes it. */
  dismiss(): void
}

/** What an accepted upgrade hands to the transport: a session for the socket, once it is open. */
export type Opening = (socket: Socket) => Session

/** Where a protocol takes WebSockets. */
export interface SocketEndpoint extends Endpoint {
  /** Decides about an upgrade, without waiting: an answer refuses it. */
  connect(visit: Visit): Response | Opening
}

/** Where a protocol, or a part of the server's own, takes plain requests. */
export interface Endpoint {
  readonly name: string
  /**
   * Whether a request is for this endpoint. Every endpoint is asked about every request, so the path decides where
   * it can; the rest of the request is there for paths that two protocols share.
   * @param isUpgrade whether it asks for a WebSocket
   */
  owns(path: string, isUpgrade: boolean, request: Request): boolean
  /** Whether it looks at the origin of a request itself, in the place of the setting that is for everybody. */
  readonly guardsOrigin?: boolean
  /** Answers a plain HTTP request. */
  serve(visit: Visit): Response | Promise<Response>
  /**
   * Words why the transport has turned a plain request away, so that no page of another origin can read it; without
   * it, that is plain text.
   */
  refuse?(visit: Visit, why: Failure): Response
}

/**
 * A wire protocol, as its folder exports it and the list in `assembly/protocols.ts` names it.
 * @template Core what it needs of the server
 */
export interface Protocol<Core, Server extends ProtocolServer = ProtocolServer> {
  readonly name: string
  /** Its wire formats by the name that groups of subscribers carry, and how each writes what happens on a channel. */
  readonly formats: Readonly<Record<string, Encode>>
  make(core: Core): Server
  /** Whether a path below a prefix of another protocol is this one's; requests that show no sign of the other are too. */
  claims?(path: string): boolean
  /**
   * What its clients are told where there is nothing; undefined for everybody else.
   * @param base as `Visit` has it
   */
  notFound?(request: Request, base: string): Response | undefined
}

/** A protocol while the server runs. */
export interface ProtocolServer {
  /** In the order in which they are asked whether a request is theirs. */
  readonly endpoints: readonly (SocketEndpoint | Endpoint)[]
  /** To be called before the first client comes. */
  start?(): void
  /** Sessions without a WebSocket, which have to be told as well when the server stops. */
  sessions?(): readonly Session[]
  /** To be called when the server begins to stop: no client is given up for being away from now on. */
  hold?(): void
  /** Ends answers that go on for ever, for whoever stops listeners waits for them; their clients ask again. */
  endStreams?(): void
  /** Stops timers and lets go of what is left. It may be called more than once. */
  stop?(): void
}

/** The admission of clients that stay without a WebSocket: within the same limits as those that have one. */
export interface HttpAdmission {
  /** Why somebody may not come in, if so; counts as an attempt. */
  turnAway(visit: Pick<Visit, 'address'>): FailureName | undefined
  opened(address: string): void
  closed(address: string): void
  ban(address: string): void
  /** Unique among all of them, and apart from the ids of WebSockets. */
  nextSocketId(): number
}
