/** All connections of all apps: opened, resumed over another transport, and ended two minutes after they are lost. */
import { TWO_MINUTES_MS } from '../../../../policy/two-minutes.ts'
import type { Clock } from '../../../../core/clock.ts'
import type { IdSource } from '../../../../core/id-source.ts'
import { type Failure, failure } from '../../../../failure.ts'
import { isSameText } from '../../../../identity/api-key.ts'
import type { ConnectionFinder } from '../../connection/live-connections.ts'
import { Connection, type Identified, type Transport } from './connection.ts'
import { type ConnectionSnapshot, refill, restingOptions, snapshotOf } from './snapshot.ts'
import { DisconnectedConnections } from './disconnected.ts'
import type { TimerWheel } from '../../../../core/time/timer-wheel.ts'

export interface ConnectionsParts {
  readonly clock: Clock
  readonly ids: IdSource
  readonly wheel: TimerWheel
  /** Removes the members that a connection has entered from a channel. */
  readonly leave: (appId: string, channel: string, connectionId: string) => void
  /** Connections that may exist without a transport; 0 for no limit. */
  readonly maxWaiting: number
  readonly shareOf: (appId: string) => string
  readonly onOpened?: (connection: Connection) => void
  readonly onClosed?: (connection: Connection) => void
}

export interface AdmitRequest extends Identified {
  /** The key of the connection to resume; undefined for a new one. */
  readonly key: string | undefined
  readonly remainPresentMs: number
}

export interface Admitted {
  readonly connection: Connection
  /** Why the connection could not be resumed; the client got a new one instead (RTN15c7). */
  readonly failure: Failure | undefined
}

/** How long a connection can be resumed after its transport is lost (`connectionStateTtl`). */
export const STATE_TTL_MS = TWO_MINUTES_MS
/**
 * What a client needs at most to come back after the server was away, which is no fault of its own: SDKs wait up to
 * twice their `disconnectedRetryTimeout` of 15 s between two tries (RTB1), and give a try 10 s (`realtimeRequestTimeout`).
 */
export const RETURN_MS = 45_000
const ID_LENGTH = 12
const SECRET_LENGTH = 20

export class Connections implements ConnectionFinder<Connection> {
  /** Identifies this run of the server in CONNECTED, for diagnosis (CD2g). */
  readonly serverId: string
  readonly #parts: ConnectionsParts
  readonly #apps = new Map<string, Map<string, Connection>>()
  /** Connections without a transport, which may be resumed. */
  readonly #disconnected: DisconnectedConnections
  #size = 0
  #isHeld = false

  constructor(parts: ConnectionsParts) {
    this.#parts = parts
    this.#disconnected = new DisconnectedConnections(parts.shareOf)
    this.serverId = parts.ids.next(ID_LENGTH)
  }

  get size(): number {
    return this.#size
  }

  ofApp(appId: string): Iterable<Connection> {
    return this.#apps.get(appId)?.values() ?? []
  }

  countOf(appId: string): number {
    return this.#apps.get(appId)?.size ?? 0
  }

  byId(appId: string, id: string): Connection | undefined {
    return this.#apps.get(appId)?.get(id)
  }

  /** The connection of a key, current or previous; undefined if it is over or of another app. */
  find(key: string, appId: string): Connection | undefined {
    const mark = key.indexOf('!')
    if (mark < 0) return undefined
    const connection = this.byId(appId, key.slice(0, mark))
    if (!connection || this.#isOver(connection)) return undefined
    const secret = secretOf(key)
    const { secret: current, previousSecret } = connection
    const isKnown =
      isSameText(secret, current) ||
      (previousSecret !== undefined && isSameText(secret, previousSecret))
    return isKnown ? connection : undefined
  }

  claim(key: string, appId: string): Connection | undefined {
    return this.find(key, appId)
  }

  /**
   * Resumes a connection, or opens a new one. The caller sets its transport.
   * @param claimed the connection of the key in the request, as `claim` found it in this turn or an earlier one
   */
  admit(request: AdmitRequest, claimed: Connection | undefined): Admitted {
    const { key } = request
    if (key === undefined) return { connection: this.#open(request), failure: undefined }
    const known = claimed && this.#isOpen(claimed) ? claimed : undefined
    if (!known) {
      return { connection: this.#open(request), failure: failure('connection_key_invalid') }
    }
    if (!isSameClient(known, request)) {
      const why = failure('client_id_mismatch', 'the connection is that of another client')
      return { connection: this.#open(request), failure: why }
    }
    this.#takeOver(known, request, secretOf(key))
    return { connection: known, failure: undefined }
  }

  /** The transport is lost; the connection can be resumed. */
  dropped(connection: Connection, transport: Transport): void {
    if (connection.transport !== transport) return
    connection.transport = undefined
    this.#await(connection)
  }

  /** Ends a connection; its members leave at once. */
  close(connection: Connection): void {
    const app = this.#apps.get(connection.appId)
    if (app?.get(connection.id) !== connection) return
    app.delete(connection.id)
    if (app.size === 0) this.#apps.delete(connection.appId)
    this.#size--
    connection.transport = undefined
    this.#disconnected.delete(connection)
    this.#parts.wheel.cancel(connection)
    this.#leaveAll(connection)
    this.#parts.onClosed?.(connection)
  }

  /** To be called when the server stops: connections do not expire while no client can resume them. */
  hold(): void {
    this.#isHeld = true
  }

  snapshots(): ConnectionSnapshot[] {
    const found: ConnectionSnapshot[] = []
    for (const app of this.#apps.values())
      for (const connection of app.values()) found.push(snapshotOf(connection))
    return found
  }

  /**
   * Connections of the run before: their clients have as much time as if they had been lost now, and their members stay
   * present for as long as the slowest of them may need, whatever they asked for when only their network is lost.
   */
  restore(snapshots: readonly ConnectionSnapshot[]): void {
    for (const snapshot of snapshots) {
      const connection = new Connection({ ...restingOptions(snapshot), onDue: this.#onDue })
      refill(connection, snapshot)
      connection.minPresentMs = RETURN_MS
      this.#add(connection)
      this.#await(connection)
    }
  }

  #isOpen(connection: Connection): boolean {
    return this.byId(connection.appId, connection.id) === connection && !this.#isOver(connection)
  }

  /** Asked because the timer may be a moment late. */
  #isOver({ droppedAt }: Connection): boolean {
    return droppedAt !== undefined && this.#parts.clock.elapsed() - droppedAt >= STATE_TTL_MS
  }

  #open(request: AdmitRequest): Connection {
    const { clock, ids, onOpened } = this.#parts
    const connection = new Connection({
      ...request,
      id: ids.next(ID_LENGTH),
      secret: ids.next(SECRET_LENGTH),
      since: clock.now(),
      onDue: this.#onDue,
    })
    this.#add(connection)
    onOpened?.(connection)
    return connection
  }

  #add(connection: Connection): void {
    const app = this.#apps.get(connection.appId)
    if (app) app.set(connection.id, connection)
    else this.#apps.set(connection.appId, new Map([[connection.id, connection]]))
    this.#size++
  }

  /** @param secret that the client showed: it stays valid, because the answer with the new one may get lost */
  #takeOver(
    connection: Connection,
    { principal, credentials, secure }: AdmitRequest,
    secret: string,
  ): void {
    const { ids, wheel } = this.#parts
    const before = connection.transport
    connection.transport = undefined
    connection.droppedAt = undefined
    connection.minPresentMs = 0
    this.#disconnected.delete(connection)
    wheel.cancel(connection)
    connection.previousSecret = secret
    connection.secret = ids.next(SECRET_LENGTH)
    connection.identified = { principal, credentials, secure }
    before?.superseded()
  }

  /** Lets the connection be resumed for a while; beyond the limit, the share that has most loses its oldest. */
  #await(connection: Connection): void {
    const { clock, maxWaiting, wheel } = this.#parts
    const now = clock.elapsed()
    connection.droppedAt = now
    this.#disconnected.add(connection)
    wheel.schedule(connection, now + this.#nextWait(connection))
    if (maxWaiting > 0 && this.#disconnected.size > maxWaiting)
      this.close(this.#disconnected.first())
  }

  readonly #onDue = (connection: Connection, now: number): void => {
    const { droppedAt } = connection
    if (droppedAt === undefined || this.#isHeld) return
    if (now - droppedAt >= STATE_TTL_MS) return this.close(connection)
    if (now - droppedAt >= presentMs(connection)) this.#leaveAll(connection)
    this.#parts.wheel.schedule(connection, droppedAt + this.#nextWait(connection))
  }

  /** Milliseconds after the transport was lost. */
  #nextWait(connection: Connection): number {
    return connection.presentOn === undefined
      ? STATE_TTL_MS
      : Math.min(presentMs(connection), STATE_TTL_MS)
  }

  #leaveAll(connection: Connection): void {
    const { presentOn, appId, id } = connection
    connection.presentOn = undefined
    for (const channel of presentOn ?? []) this.#parts.leave(appId, channel, id)
  }
}

/** Milliseconds after the transport was lost for which its members stay present. */
function presentMs({ minPresentMs, remainPresentMs }: Connection): number {
  return Math.max(minPresentMs, remainPresentMs)
}

function secretOf(key: string): string {
  return key.slice(key.indexOf('!') + 1)
}

/** A connection can be resumed only with the client id that it had. */
function isSameClient({ principal: before }: Connection, { principal }: Identified): boolean {
  return before.clientId === undefined || before.clientId === principal.clientId
}
