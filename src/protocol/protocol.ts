/** The seam to wire protocols. Each is a folder that knows no other. */
import type { Encode } from '../core/delivery/delivery.ts'
import type { Frame, Socket } from '../core/types.ts'
import type { Failure, FailureName, Result } from '../failure.ts'

/** The longest path of pages and the API in characters. Channels have limits of their own. */
export const MAX_PATH_LETTERS = 4096

/** A request that the transport has admitted. */
export interface Visit {
  readonly request: Request
  /** Path without the base path, still percent-encoded. */
  readonly path: string
  /** Query string without its `?`, still encoded; it may hold secrets. */
  readonly query: string
  /** The client's address. */
  readonly address: string
  /**
   * Reads the body. Requests that arrive together are handled in a row, which costs less than one by one. A body may
   * take long to arrive, so whatever was decided before must be decided again.
   * @param maxBytes the largest body that the protocol takes
   * @returns `message_too_large`; `bad_request` if the client hangs up; or why the transport reads no more of it
   */
  body(maxBytes: number): Promise<Result<Uint8Array>>
  /**
   * Whether unknown credentials of this address may be verified, which is costly: not while it keeps on sending
   * wrong ones. Credentials that are known to be good need not ask.
   */
  mayAttempt(): boolean
  /** Counts missing or wrong credentials; false if the address has shown so many that it is no longer told why. */
  failedAttempt(): boolean
  /**
   * Lets the answer take as long as it needs, without the idle timeout. An unread body is dropped, because it would
   * stay in memory all that time.
   * @returns to be called once the answer is complete: from then on the timeout applies again
   */
  keepOpen(): () => void
  /** Whether the client's own connection is encrypted, as far as this server or a trusted proxy can tell. */
  readonly secure: boolean
  /** This server as the client addresses it, with its base path: `https://my.host:8443/realtime`. */
  readonly base: string
}

/** The state of a protocol for one socket. */
export interface Session {
  receive(frame: Frame): void
  /** Called when some of what was queued has gone out. */
  drained?(): void
  /** Called when the socket is closed; nothing can be sent any more. */
  closed(): void
  /** Tells the client in the way of the protocol that the server stops, and closes the socket. */
  dismiss(): void
}

/** An accepted upgrade: makes the session once the socket is open. */
export type Opening = (socket: Socket) => Session

/** An endpoint that accepts WebSockets. */
export interface SocketEndpoint extends Endpoint {
  /** Decides about an upgrade without waiting; a response refuses it. */
  connect(visit: Visit): Response | Opening
}

/** Takes the plain requests of a protocol, or of the dashboard. */
export interface Endpoint {
  readonly name: string
  /**
   * Whether a request is for this endpoint. Every endpoint is asked about every request, so the path should decide;
   * the request itself is only for paths that two protocols share.
   * @param isUpgrade whether it asks for a WebSocket
   */
  owns(path: string, isUpgrade: boolean, request: Request): boolean
  /** Whether it checks the Origin header itself, instead of the setting for all endpoints. */
  readonly guardsOrigin?: boolean
  /** Answers a plain HTTP request. */
  serve(visit: Visit): Response | Promise<Response>
  /**
   * Answers a request that the transport refuses, in the form of the protocol and without CORS headers; by default
   * the answer is plain text.
   */
  refuse?(visit: Visit, why: Failure): Response
}

/**
 * A wire protocol, as its folder exports it and the list in `assembly/protocols.ts` names it.
 * @template Core what it needs of the server
 */
export interface Protocol<Core, Server extends ProtocolServer = ProtocolServer> {
  readonly name: string
  /** Encoders of its wire formats, by the protocol name of their groups. */
  readonly formats: Readonly<Record<string, Encode>>
  make(core: Core): Server
  /** Whether a path below a prefix of another protocol belongs to this one. */
  claims?(path: string): boolean
  /**
   * Answers its own clients for a path that nobody serves; undefined for others.
   * @param base as `Visit` has it
   */
  notFound?(request: Request, base: string): Response | undefined
}

/** A protocol while the server runs. */
export interface ProtocolServer {
  /** In the order in which `owns` is asked. */
  readonly endpoints: readonly (SocketEndpoint | Endpoint)[]
  /** To be called before the first client comes. */
  start?(): void
  /** Sessions without a WebSocket, to be dismissed when the server stops. */
  sessions?(): readonly Session[]
  /** To be called when the server begins to stop: from now on no connection expires. */
  hold?(): void
  /** Ends streamed answers, for which stopping the listeners would wait; their clients ask again. */
  endStreams?(): void
  /** Stops timers and closes what is left. It may be called more than once. */
  stop?(): void
}

/** Admission of clients that stay connected without a WebSocket, under the same limits as with one. */
export interface HttpAdmission {
  /** Why a client is refused, if so; counts the attempt. */
  turnAway(visit: Pick<Visit, 'address'>): FailureName | undefined
  opened(address: string): void
  closed(address: string): void
  ban(address: string): void
  /** An id that no other client and no WebSocket has. */
  nextSocketId(): number
}
