/** The counters in Prometheus' text form. No label names a channel or a client: those have no bounds. */
import { Counter, Gauge, Registry } from 'prom-client'
import { type Counters, type Tally } from '../core/counting/counters.ts'
import { residentBytes } from './resident-memory.ts'

export interface MetricsSources {
  readonly counters: Counters
  readonly channels: () => number
  readonly reservations: () => number
  /** Channels of apps that are in use or remembered. */
  readonly appChannels: () => number
  /** Connections of Ably's clients, including disconnected ones that can still be resumed. */
  readonly appConnections: () => number
  /** Bytes of history on the disk. */
  readonly historyBytes: () => number
  /** How much the greatest share has of each limited resource. */
  readonly greatestShares: {
    readonly channels: () => number
    readonly connections: () => number
    readonly memoryBytes: () => number
    readonly historyBytes: () => number
  }
  /** Bytes that channels of apps remember for two minutes. */
  readonly memoryBytes: () => number
  readonly isReady: () => boolean
  /** Milliseconds by which the event loop was late when it was last measured. */
  readonly loopDelay: () => number
  readonly files: { readonly open: number; readonly limit: number }
  readonly version: string
  /** Seconds since the Unix epoch. */
  readonly startedAt: number
}

export class Metrics {
  readonly #registry = new Registry()

  constructor(sources: MetricsSources) {
    const { counters } = sources
    this.#gauge('latchkey_ready', 'Whether the server accepts clients', () =>
      Number(sources.isReady()),
    )
    this.#gauge('latchkey_connections', 'Open WebSocket connections', () => counters.connections)
    this.#gauge('latchkey_channels', 'Channels with somebody on them', sources.channels)
    this.#gauge(
      'latchkey_app_channels',
      'Channels of apps in use or remembered',
      sources.appChannels,
    )
    this.#gauge(
      'latchkey_app_connections',
      'Connections of apps, those included that may be resumed',
      sources.appConnections,
    )
    this.#gauge('latchkey_history_bytes', 'Disk that kept channels take up', sources.historyBytes)
    this.#gauge(
      'latchkey_memory_bytes',
      'Memory of what channels of apps remember for two minutes',
      sources.memoryBytes,
    )
    const { greatestShares } = sources
    this.#gauge(
      'latchkey_greatest_share_channels',
      'Channels of the share that has most',
      greatestShares.channels,
    )
    this.#gauge(
      'latchkey_greatest_share_connections',
      'Connections of the share that has most',
      greatestShares.connections,
    )
    this.#gauge(
      'latchkey_greatest_share_memory_bytes',
      'Memory of the share that has most',
      greatestShares.memoryBytes,
    )
    this.#gauge(
      'latchkey_greatest_share_history_bytes',
      'Disk that kept channels of the share that has most take up, about',
      greatestShares.historyBytes,
    )
    this.#gauge('latchkey_reservations', 'Reserved namespaces', sources.reservations)
    this.#gauge(
      'latchkey_event_loop_delay_seconds',
      'How late the event loop runs',
      () => sources.loopDelay() / 1000,
    )
    this.#gauge(
      'process_start_time_seconds',
      'Start of the process since the Unix epoch',
      () => sources.startedAt,
    )
    const { files } = sources
    if (files.limit !== Infinity) {
      this.#gauge('process_open_fds', 'Files that are open', () => files.open)
      this.#gauge('process_max_fds', 'Files that may be open', () => files.limit)
    }
    this.#gauge('process_resident_memory_bytes', 'Resident memory', residentBytes)
    this.#counter(
      'latchkey_connections_opened_total',
      'WebSocket connections opened',
      () => counters.connectionsOpened,
    )
    this.#counter('latchkey_joins_total', 'Joins to channels', () => counters.joins)
    this.#counter('latchkey_leaves_total', 'Leaves from channels', () => counters.leaves)
    this.#counter(
      'latchkey_messages_received_total',
      'Frames received from clients',
      () => counters.messagesReceived,
    )
    this.#counter(
      'latchkey_messages_direct_total',
      'Messages sent to one member',
      () => counters.messagesDirect,
    )
    this.#counter(
      'latchkey_messages_pushed_total',
      'Messages pushed over HTTP',
      () => counters.messagesPushed,
    )
    this.#counter(
      'latchkey_deliveries_total',
      'Frames handed to sockets',
      () => counters.deliveries,
    )
    this.#counter(
      'latchkey_received_characters_total',
      'Characters received',
      () => counters.charactersReceived,
    )
    this.#counter('process_cpu_seconds_total', 'Processor time used', () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    })
    this.#tally(
      'latchkey_refusals_total',
      'Refused connections, joins, sends and pushes',
      counters.refusals,
    )
    this.#tally('latchkey_closes_total', 'Closed connections', counters.closes)
    const build = new Gauge({
      name: 'latchkey_build_info',
      help: 'The running version',
      labelNames: ['version'],
      registers: [this.#registry],
    })
    build.set({ version: sources.version }, 1)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #gauge(name: string, help: string, read: () => number): void {
    const collect = function collect(this: Gauge) {
      this.set(read())
    }
    void new Gauge({ name, help, collect, registers: [this.#registry] })
  }

  /** A counter whose number is kept elsewhere, and copied only when metrics are read. */
  #counter(name: string, help: string, read: () => number): void {
    const collect = function collect(this: Counter) {
      this.reset()
      this.inc(read())
    }
    void new Counter({ name, help, collect, registers: [this.#registry] })
  }

  #tally(name: string, help: string, tally: Tally): void {
    const collect = function collect(this: Counter<'reason'>) {
      this.reset()
      for (const [reason, value] of tally) this.inc({ reason }, value)
    }
    void new Counter({ name, help, labelNames: ['reason'], collect, registers: [this.#registry] })
  }
}

/** Measures how late timers fire; the runtime's own figure reads 0 under Bun. */
export class LoopDelay {
  #late = 0
  #worst = 0
  #timer: Timer | undefined

  get milliseconds(): number {
    return this.#late
  }

  /** The longest delay since the last call. */
  takeWorst(): number {
    const worst = this.#worst
    this.#worst = 0
    return worst
  }

  start(): void {
    const every = 500
    let due = performance.now() + every
    this.#timer = setInterval(() => {
      const now = performance.now()
      this.#late = Math.max(0, now - due)
      this.#worst = Math.max(this.#worst, this.#late)
      due = now + every
    }, every)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
