/** Composes how connections come in: who is let in, the sockets, what publishes to them, and the listeners. */
import type { NoticeKind } from '../cluster/cluster.ts'
import type { Config } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import type { TimerWheel } from '../core/time/timer-wheel.ts'
import type { Failure } from '../failure.ts'
import { TopicFanout } from '../fanout/topics.ts'
import { proxyRanges } from '../policy/address.ts'
import { connectionLimit } from '../policy/shares.ts'
import type { Endpoint, HttpAdmission, SocketEndpoint } from '../protocol/protocol.ts'
import { Admission, type AdmissionLimits } from '../transport/admission.ts'
import { Bodies, type BodyLimits } from '../transport/bodies.ts'
import { Front } from '../transport/front.ts'
import type { HttpApp } from '../transport/http.ts'
import { type ListenParts, type Listeners, listen } from '../transport/listen.ts'
import { Silence } from '../transport/silence.ts'
import { Sockets } from '../transport/websocket.ts'
import { makeHttpAdmission } from './http-admission.ts'
import type { Nodes } from './cluster.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Monitoring } from './monitoring.ts'

export interface TransportParts extends Nodes {
  readonly config: Config
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly monitoring: Monitoring
  readonly lifecycle: Lifecycle
}

/** What answers requests, once it has all been built. */
export interface Served extends Pick<ListenParts, 'folder' | 'metrics' | 'control'> {
  /** The first that owns a path answers. */
  readonly endpoints: readonly (SocketEndpoint | Endpoint)[]
  readonly http: HttpApp
  readonly onRefusal: (why: Failure, detail: object) => void
}

const MEGABYTE = 1_048_576

/** An address that every node is to shut out, by the key under which its limits are counted. */
const BANNED: NoticeKind<string> = { name: 'banned address' }

export class Transport {
  readonly admission: Admission
  /** Lets in connections without a WebSocket. */
  readonly httpAdmission: HttpAdmission
  readonly sockets: Sockets
  readonly fanout = new TopicFanout()
  readonly #parts: TransportParts
  readonly #silence: Silence
  #listeners: Listeners | undefined

  constructor(parts: TransportParts) {
    this.#parts = parts
    const { clock, config, lifecycle, monitoring, wheel } = parts
    const { cluster, handlers } = parts
    this.admission = new Admission(admissionLimits(parts), clock, (key) =>
      cluster.tell(BANNED, key),
    )
    handlers.hear(BANNED, (key) => this.admission.shutOut(key))
    this.httpAdmission = makeHttpAdmission(this.admission, lifecycle)
    this.#silence = new Silence(wheel, config.idleTimeout)
    this.sockets = new Sockets({
      ...config,
      admission: this.admission,
      counters: monitoring.counters,
      silence: this.#silence,
      elapsed: () => performance.now(),
    })
  }

  /** @throws StartError when a port is taken or a certificate cannot be used */
  listen({ endpoints, http, onRefusal, ...served }: Served): Listeners {
    const { config, lifecycle, monitoring } = this.#parts
    const front = new Front({
      endpoints,
      admission: this.admission,
      silence: this.#silence,
      files: monitoring.files,
      bodies: new Bodies(bodyLimits(config)),
      basePath: config.basePath,
      trustedProxies: proxyRanges(config.trustedProxies),
      allowedOrigins: config.allowedOrigins,
      http,
      isDraining: () => lifecycle.isDraining,
      elapsed: () => performance.now(),
      onRefusal,
      onBug: monitoring.faults.bug,
    })
    const listeners = listen({ ...served, config, front, sockets: this.sockets.handlers() })
    this.#listeners = listeners
    this.fanout.serve(listeners.main)
    lifecycle.addresses = listeners.addresses
    return listeners
  }

  /** Requests that have not got all of their answer yet. */
  get pendingRequests(): number {
    return this.#listeners?.main.pendingRequests ?? 0
  }

  /** Closes what clients use: afterwards nothing comes in any more. */
  async stopServing(): Promise<void> {
    await this.#listeners?.stopServing()
  }

  /** Closes everything, and with the socket file lets go of the data folder. */
  async stop(): Promise<void> {
    await this.#listeners?.stop()
  }
}

function bodyLimits({ addressBodyMemoryMb, bodyMemoryMb, bodyTimeout }: Config): BodyLimits {
  return {
    maxBytes: bodyMemoryMb * MEGABYTE || Infinity,
    maxAddressBytes: addressBodyMemoryMb * MEGABYTE || Infinity,
    seconds: bodyTimeout,
  }
}

function admissionLimits({ config, monitoring }: TransportParts): AdmissionLimits {
  const { max, beyond } = connectionLimit(config.maxConnections)
  return {
    connections: { perSecond: config.connectionRate, burst: config.connectionBurst },
    pushes: { perSecond: config.pushRate, burst: config.pushBurst },
    attempts: { perSecond: config.attemptRate, burst: config.attemptBurst },
    // Admission does not know yet whose a connection is, so it admits what small shares may have beyond the limit too.
    maxConnections: max + beyond,
    maxAddressConnections: config.maxAddressConnections,
    banSeconds: config.banSeconds,
    files: monitoring.files,
  }
}
