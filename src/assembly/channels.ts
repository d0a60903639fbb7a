/** Composes the core: the channels of the commons and of apps, and what carries, orders and keeps their events. */
import { Histories } from '../core/history/histories.ts'
import { Attachments } from '../core/delivery/attachments.ts'
import { makeActs } from './acts.ts'
import { MIB, memoryOf } from './channel-memory.ts'
import type { Config } from '../config.ts'
import type { AppCounters } from '../core/counting/app-counters.ts'
import type { Acts } from '../core/access/acts.ts'
import type { GateParts } from '../core/access/gate-parts.ts'
import { AppTraffic } from '../core/counting/app-traffic.ts'
import { Registry } from '../core/registry/registry.ts'
import { ChannelWatchers } from '../core/registry/watchers.ts'
import type { ChannelTime } from '../core/time/channel-time.ts'
import type { Clock, Randomness } from '../core/clock.ts'
import { CommonsAdmission } from '../core/commons/admission.ts'
import { Commons } from '../core/commons/commons.ts'
import { CommonsReview } from '../core/commons/review.ts'
import { CommonsShares } from '../core/commons/shares.ts'
import type { Counters } from '../core/counting/counters.ts'
import { Delivery, type Encode, type Onlooker } from '../core/delivery/delivery.ts'
import type { History } from '../core/history/history.ts'
import { IdSource } from '../core/id-source.ts'
import { MemoryHistory } from '../core/history/memory-history.ts'
import type { Owners } from '../core/owners.ts'
import { Pool } from '../core/registry/pool.ts'
import { PositionSource } from '../core/channel/position.ts'
import type { ObjectLog } from '../core/objects/object-log.ts'
import { ObjectLoading } from '../core/objects/loading.ts'
import { ObjectCollector } from '../core/propose/object-collector.ts'
import { Objects } from '../core/propose/objects.ts'
import { Presence } from '../core/propose/presence.ts'
import { Publisher } from '../core/propose/publisher.ts'
import type { RetentionBudget } from '../core/history/retention.ts'
import { ChannelStage } from '../core/apply/stage.ts'
import type { TimerWheel } from '../core/time/timer-wheel.ts'
import type { ChannelRef, Socket } from '../core/types.ts'
import { Proposals } from '../core/propose/proposals.ts'
import { UntilTaken } from '../core/propose/until-taken.ts'
import { EmbeddedEngine, type MakeEngine } from '../engine/embedded.ts'
import type { Engine } from '../engine/engine.ts'
import type { Fanout } from '../fanout/fanout.ts'
import { Budget } from '../policy/budget.ts'
import { TWO_MINUTES_MS } from '../policy/two-minutes.ts'
import { channelLimit, connectionLimit } from '../policy/shares.ts'
import type { ChannelRuleSettings } from '../policy/channel-rule.ts'
import type { Reservation } from '../policy/channel-access.ts'
import type { FoldedNames } from '../policy/names.ts'

export interface ChannelParts {
  readonly config: Config
  readonly clock: Clock
  readonly random: Randomness
  readonly wheel: TimerWheel
  readonly counters: Counters
  readonly appCounters: AppCounters
  readonly fanout: Fanout
  readonly encoders: ReadonlyMap<string, Encode>
  readonly namespaces: FoldedNames<Reservation>
  readonly ruleOf: (channel: ChannelRef) => ChannelRuleSettings
  /** How many presence members a channel of an app may have; 0 for no limit. */
  readonly maxPresenceMembers: (appId: string) => number
  readonly owners: Owners
  /** What keeps the channels whose rule says so. */
  readonly log: History & ObjectLog
  /** The greatest position that was given out before the start, if that is known. */
  readonly lastPosition: string | undefined
  readonly onSlowReaders: (sockets: Iterable<Socket>) => void
  readonly appOf: GateParts['appOf']
  readonly onBug: (error: unknown) => void
  /** What gives channels their order; the embedded engine, where left out. */
  readonly engine?: MakeEngine | undefined
  /** Under which the serials of operations on objects are known, whatever run of the server has given them. */
  readonly siteCode: string
}

const SITE_LENGTH = 10
const MAX_IDS = 100_000
const EXPIRY_MS = 1000

export class Channels {
  /** Who may come to the commons, who is there, and who has to go. */
  readonly admission: CommonsAdmission
  readonly commons: Commons
  readonly review: CommonsReview
  readonly registry: Registry
  readonly attachments: Attachments
  readonly histories: Histories
  readonly watchers = new ChannelWatchers()
  readonly publisher: Publisher
  readonly presence: Presence
  readonly objects: Objects
  readonly acts: Acts
  readonly ids: IdSource
  readonly time: ChannelTime
  /** Channels of the commons and of apps together. */
  readonly channelPool: Pool
  /** Connections of either kind, as soon as it is known whose they are. */
  readonly connectionPool: Pool
  readonly #delivery: Delivery
  readonly #engine: Engine
  readonly #stage: ChannelStage
  /** Separate budgets: a full history must not take away what clients need to resume. */
  readonly #memories: readonly [history: RetentionBudget, recent: RetentionBudget]
  readonly #collector: ObjectCollector
  readonly #clock: Clock
  #timer: Timer | undefined

  constructor(parts: ChannelParts) {
    const { config, clock, counters, fanout } = parts
    this.#clock = clock
    this.channelPool = new Pool(channelLimit(config.maxChannels))
    this.connectionPool = new Pool(connectionLimit(config.maxConnections))
    this.ids = new IdSource(parts.random)
    // A `-` or `_` would end the site within a position, where it stands behind the `@`.
    const site = this.ids.next(SITE_LENGTH).replaceAll(/[-_]/g, '0')
    const positions = new PositionSource(clock, site, parts.lastPosition)
    this.time = positions.time
    const traffic = new AppTraffic(parts.appCounters)
    this.#delivery = new Delivery({
      fanout,
      encoders: parts.encoders,
      counters,
      onDelivered: (channel, event, recipients) => traffic.delivered(channel, event, recipients),
      onSlowReaders: parts.onSlowReaders,
    })
    this.#engine = parts.engine?.(clock, positions) ?? new EmbeddedEngine(clock, positions)
    this.#memories = [memoryOf(parts), memoryOf(parts)]
    this.histories = this.#makeHistories(parts)
    this.registry = this.#makeRegistry(parts, positions)
    const { ruleOf } = parts
    const { histories, watchers } = this
    this.attachments = new Attachments({
      clock,
      fanout,
      delivery: this.#delivery,
      ruleOf,
      watchers,
    })
    const presenceBudget = new Budget(config.presenceMemoryMb * MIB)
    const shares = new CommonsShares({
      channels: this.channelPool,
      connections: this.connectionPool,
      owners: parts.owners,
    })
    const { log } = parts
    const objectLoading = new ObjectLoading(log)
    watchers.add({ closed: (channel) => objectLoading.forget(channel) })
    this.#stage = new ChannelStage({
      objectLoading,
      objectLog: log,
      registry: this.registry,
      attachments: this.attachments,
      histories,
      watchers,
      ruleOf,
      delivery: this.#delivery,
      fanout,
      shares,
      counters,
      appCounters: parts.appCounters,
      clock,
      time: this.time,
      presenceBudget,
    })
    const { registry } = this
    const proposals = new Proposals({ engine: this.#engine, registry, onBug: parts.onBug })
    const untilTaken = new UntilTaken({ proposals, clock, wheel: parts.wheel })
    const shared = {
      registry,
      attachments: this.attachments,
      histories,
      watchers,
      ruleOf,
      proposals,
      ids: this.ids,
      untilTaken,
    }
    this.publisher = new Publisher({ ...shared, maxMessageBytes: config.maxMessageBytes })
    this.presence = new Presence({
      ...shared,
      maxMembers: parts.maxPresenceMembers,
      maxBytes: config.maxPresenceBytes,
      budget: presenceBudget,
    })
    const ofObjects = { ...shared, siteCode: parts.siteCode, loading: objectLoading, log }
    this.objects = new Objects(ofObjects)
    this.#collector = new ObjectCollector({ ...ofObjects, clock, time: this.time })
    const { objects, presence, publisher } = this
    this.acts = makeActs(parts, { registry, publisher, presence, objects })
    this.admission = new CommonsAdmission({
      registry: this.registry,
      gate: this.acts.gate,
      namespaces: parts.namespaces,
      rules: config,
      maxMembers: config.maxMembers,
      shares,
    })
    this.commons = new Commons({
      ...shared,
      acts: this.acts,
      admission: this.admission,
      fanout,
      rules: config,
      limits: config,
      presenceLimits: (realm) => this.presence.limitsOf(realm),
      shares,
      counters,
      appCounters: parts.appCounters,
    })
    this.review = new CommonsReview({
      registry: this.registry,
      admission: this.admission,
      commons: this.commons,
      shares,
    })
    this.watchers.add(traffic)
  }

  /** @returns what ends it */
  watch(channel: ChannelRef, onlooker: Onlooker): () => void {
    return this.#delivery.watch(channel, onlooker)
  }

  /** Applies changed limits of an app: lets go of what is now too much, as far as nobody is on it. */
  limitsChanged(appId: string): void {
    this.registry.limitsChanged(appId)
    for (const memory of this.#memories) memory.limitsChanged(appId)
  }

  /** What channels of apps remember, in bytes. */
  get memoryBytes(): number {
    return this.#memories.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** About what the share that has most has of that. */
  get greatestMemoryBytes(): number {
    return this.#memories.reduce((sum, { greatest }) => sum + greatest, 0)
  }

  start(): Promise<void> {
    this.#timer = setInterval(() => this.#expire(), EXPIRY_MS)
    return this.#engine.start(this.#stage)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Once nobody proposes anything any more. @returns settled when it is known what became of all that was */
  settle(): Promise<void> {
    return this.#engine.stop()
  }

  /** Also while nobody publishes: memory is kept for as long as it says, and no longer. */
  #expire(): void {
    for (const memory of this.#memories) memory.expire(this.#clock.elapsed())
    this.registry.expire()
    this.#collector.step()
  }

  #makeHistories({ clock, config, log, ruleOf }: ChannelParts): Histories {
    const [remembered] = this.#memories
    const memory = new MemoryHistory(remembered, () => clock.elapsed(), config.historyMessages)
    return new Histories({ memory, log, ruleOf })
  }

  #makeRegistry(parts: ChannelParts, positions: PositionSource): Registry {
    const { clock, config } = parts
    const [, retention] = this.#memories
    return new Registry({
      engine: this.#engine,
      clock,
      positions,
      histories: this.histories,
      watchers: this.watchers,
      retention,
      pool: this.channelPool,
      owners: parts.owners,
      onBug: parts.onBug,
      limits: {
        maxRecentEvents: config.historyMessages,
        idempotencyMs: TWO_MINUTES_MS,
        maxIds: MAX_IDS,
        keepMs: TWO_MINUTES_MS,
      },
    })
  }
}
