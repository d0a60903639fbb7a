/** The core of app channels with a clock that tests set, and a reader that hears what its groups hear. */
import { Attachments } from '../../src/core/delivery/attachments.ts'
import { Histories } from '../../src/core/history/histories.ts'
import { Registry, type RegistryParts } from '../../src/core/registry/registry.ts'
import { ChannelWatchers } from '../../src/core/registry/watchers.ts'
import type { ChannelTime } from '../../src/core/time/channel-time.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { MakeEngine } from '../../src/engine/embedded.ts'
import { AppCounters } from '../../src/core/counting/app-counters.ts'
import { CommonsShares } from '../../src/core/commons/shares.ts'
import type { Owners } from '../../src/core/owners.ts'
import { Counters } from '../../src/core/counting/counters.ts'
import { systemRandomness } from '../../src/core/clock.ts'
import { Delivery } from '../../src/core/delivery/delivery.ts'
import { IdSource } from '../../src/core/id-source.ts'
import { MemoryHistory } from '../../src/core/history/memory-history.ts'
import { MODE } from '../../src/core/modes.ts'
import { Pool } from '../../src/core/registry/pool.ts'
import { PositionSource } from '../../src/core/channel/position.ts'
import { Presence } from '../../src/core/propose/presence.ts'
import { ObjectLoading } from '../../src/core/objects/loading.ts'
import { ObjectCollector } from '../../src/core/propose/object-collector.ts'
import { Objects } from '../../src/core/propose/objects.ts'
import { Publisher } from '../../src/core/propose/publisher.ts'
import { RetentionBudget } from '../../src/core/history/retention.ts'
import { TimerWheel } from '../../src/core/time/timer-wheel.ts'
import { type Event, type Frame, type MessageDraft, type Socket } from '../../src/core/types.ts'
import { ChannelStage } from '../../src/core/apply/stage.ts'
import type { Soon } from '../../src/core/soon.ts'
import { Proposals } from '../../src/core/propose/proposals.ts'
import { UntilTaken } from '../../src/core/propose/until-taken.ts'
import { TopicFanout } from '../../src/fanout/topics.ts'
import { Budget } from '../../src/policy/budget.ts'
import { type AppLimits, NO_APP_LIMITS } from '../../src/policy/app-limits.ts'
import { channelLimit } from '../../src/policy/shares.ts'
import { type ChannelRuleSettings, DEFAULT_RULE_SETTINGS } from '../../src/policy/channel-rule.ts'
import { clockAt } from './clocks.ts'
import { chosenEngine } from './engines/chosen.ts'
import { MemoryObjectLog } from './object-log.ts'

export const KEEP_MS = 120_000
const ALL_MODES = Object.values(MODE).reduce((sum, mode) => sum | mode, 0)

type WorldLimits = Partial<RegistryParts['limits']> & {
  maxBytes?: number
  maxChannels?: number
  maxPresenceBytes?: number
  presenceMemory?: number
  engine?: MakeEngine
  onBug?: (error: unknown) => void
  /** What stands for the history on disk; one of its own, where left out. */
  log?: MemoryHistory
}

function rethrow(error: unknown): never {
  throw error
}

export class CoreWorld {
  now = 1_700_000_000_000
  rule: ChannelRuleSettings = DEFAULT_RULE_SETTINGS
  maxMembers = 0
  readonly presenceBudget: Budget
  readonly closed: string[] = []
  readonly delivered: [kind: Event['kind'], recipients: number][] = []
  readonly pool: Pool
  readonly appLimits = new Map<string, Partial<AppLimits>>()
  readonly memory: MemoryHistory
  readonly log: MemoryHistory
  readonly clock: Clock
  readonly time: ChannelTime
  readonly registry: Registry
  readonly attachments: Attachments
  readonly histories: Histories
  readonly watchers = new ChannelWatchers()
  readonly objects: Objects
  readonly collector: ObjectCollector
  readonly objectLog = new MemoryObjectLog()
  readonly publisher: Publisher
  readonly presence: Presence
  readonly proposals: Proposals
  readonly wheel: TimerWheel

  constructor(limits: WorldLimits = {}) {
    this.presenceBudget = new Budget(limits.presenceMemory ?? 0)
    const clock = clockAt(() => this.now)
    this.pool = new Pool(channelLimit(limits.maxChannels ?? 0))
    const memory = () =>
      new RetentionBudget({
        keepMs: KEEP_MS,
        maxBytes: limits.maxBytes ?? 1e9,
        shareOf: (realm) => realm,
        maxBytesOf: (realm) => (this.appLimits.get(realm)?.memoryMb ?? 0) * 1_048_576,
      })
    const positions = new PositionSource(clock, 'site', undefined)
    const fanout = new TopicFanout()
    const engine = (limits.engine ?? chosenEngine())(clock, positions)
    const counters = new Counters()
    const owners: Owners = {
      shareOf: (realm) => realm,
      shareOfName: (name) => name,
      limitsOf: (realm) => ({ ...NO_APP_LIMITS, ...this.appLimits.get(realm) }),
    }
    const delivery = new Delivery({
      fanout,
      // A reader here hears events, not frames.
      encoders: new Map([['plain', (event: Event) => [event as unknown as Frame]]]),
      counters,
      onDelivered: (_, event, recipients) => void this.delivered.push([event.kind, recipients]),
      onSlowReaders: () => undefined,
    })
    this.memory = new MemoryHistory(memory(), clock.elapsed, 1000)
    this.log = limits.log ?? new MemoryHistory(memory(), clock.elapsed, 1000)
    this.clock = clock
    this.time = positions.time
    const ruleOf = () => this.rule
    const { watchers } = this
    this.histories = new Histories({ memory: this.memory, log: this.log, ruleOf })
    this.attachments = new Attachments({ clock, fanout, delivery, ruleOf, watchers })
    const onBug = limits.onBug ?? rethrow
    this.registry = new Registry({
      engine,
      clock,
      positions,
      histories: this.histories,
      watchers,
      retention: memory(),
      pool: this.pool,
      owners,
      onBug,
      limits: {
        maxRecentEvents: 1000,
        idempotencyMs: KEEP_MS,
        maxIds: 1000,
        keepMs: KEEP_MS,
        ...limits,
      },
    })
    this.watchers.add({ closed: (channel) => this.closed.push(channel.ref.name) })
    const ids = new IdSource(systemRandomness)
    this.wheel = new TimerWheel(clock.elapsed())
    const proposals = new Proposals({ engine, registry: this.registry, onBug })
    this.proposals = proposals
    const untilTaken = new UntilTaken({ proposals, clock, wheel: this.wheel })
    const { attachments, histories, registry } = this
    const shared = {
      registry,
      attachments,
      histories,
      watchers,
      ruleOf,
      proposals,
      ids,
      untilTaken,
    }
    this.publisher = new Publisher({ ...shared, maxMessageBytes: 65_536 })
    this.presence = new Presence({
      ...shared,
      maxMembers: () => this.maxMembers,
      maxBytes: limits.maxPresenceBytes ?? 0,
      budget: this.presenceBudget,
    })
    const loading = new ObjectLoading(this.objectLog)
    const ofObjects = { ...shared, loading, log: this.objectLog, siteCode: 'site' }
    this.objects = new Objects(ofObjects)
    this.collector = new ObjectCollector({ ...ofObjects, clock, time: positions.time })
    void engine.start(
      new ChannelStage({
        ...shared,
        delivery,
        fanout,
        shares: new CommonsShares({
          channels: this.pool,
          connections: new Pool(channelLimit(0)),
          owners,
        }),
        counters,
        appCounters: new AppCounters(),
        clock,
        time: positions.time,
        presenceBudget: this.presenceBudget,
        objectLoading: loading,
        objectLog: this.objectLog,
      }),
    )
  }
}

/** A socket without a WebSocket; `heard` has what was sent. */
export function listener(): Socket & { heard: Event[] } {
  const heard: Event[] = []
  return {
    id: 1,
    address: '127.0.0.1',
    waitingBytes: 0,
    heard,
    send: (frame) => void heard.push(frame as unknown as Event),
    close: () => undefined,
    punish: () => undefined,
  }
}

export const everything = {
  connectionId: 'c1',
  modes: ALL_MODES,
  formats: [{ protocol: 'plain', variant: '' }],
}

export function draft(members: Partial<MessageDraft> = {}): MessageDraft {
  return {
    id: undefined,
    name: undefined,
    data: undefined,
    encoding: undefined,
    clientId: undefined,
    extras: undefined,
    ...members,
  }
}

/** What is answered, in this turn or a later one. */
export async function answered<T>(answer: Soon<T>): Promise<T> {
  return await answer
}

export async function value<T>(
  answer: Soon<{ ok: true; value: T } | { ok: false; failure: { name: string } }>,
): Promise<T> {
  const result = await answer
  if (!result.ok) throw new Error(result.failure.name)
  return result.value
}
