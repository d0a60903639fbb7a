/** A node that applies steps, with a clock and settings of its own, on which nothing of what becomes of them may depend. */
import type { ChannelSnapshot } from '../../../src/core/channel/channel-snapshot.ts'
import type { Entry } from '../../../src/core/channel/entry.ts'
import { channelRef } from '../../../src/core/types.ts'
import type { At, Engine, Stage } from '../../../src/engine/engine.ts'
import { type Result, ok } from '../../../src/failure.ts'
import { DEFAULT_RULE_SETTINGS } from '../../../src/policy/channel-rule.ts'
import { CoreWorld } from '../core-world.ts'
import { MemoryHistory } from '../../../src/core/history/memory-history.ts'
import { RetentionBudget } from '../../../src/core/history/retention.ts'
import { START, type Step, positionAt } from './steps.ts'

export interface Surroundings {
  /** How fast the node's clock runs: 1 is as fast as the engine's. */
  readonly clockSpeed: number
  /** Whether channels are open before anything is applied on them, the last first. */
  readonly opensFirst: boolean
  /** Whether readers of this node get what happens in batches. */
  readonly batches: boolean
  /** Of presence, in members and bytes, as this node would propose it; 0 for none. */
  readonly limits: number
}

/** What is the same on every node. */
export interface Replayed {
  readonly outcomes: readonly unknown[]
  readonly channels: readonly ChannelSnapshot[]
}

const APART_MS = 1_000_000_000_000
const CHANNELS = [
  ['app', 'room'],
  ['app', 'linked'],
] as const

export class Node {
  readonly #world: CoreWorld
  readonly #clockSpeed: number
  #stage!: Stage

  /** @param log what is on disk already */
  constructor(surroundings: Surroundings, log = longLog()) {
    const { batches, clockSpeed, limits, opensFirst } = surroundings
    this.#clockSpeed = clockSpeed
    this.#world = new CoreWorld({
      log,
      maxPresenceBytes: limits,
      presenceMemory: limits * 1000,
      engine: () => this.#engine(),
    })
    this.#world.maxMembers = limits
    this.#world.rule = {
      ...DEFAULT_RULE_SETTINGS,
      mutableMessages: true,
      ...(batches && { batchingEnabled: true, batchingInterval: 1 }),
    }
    if (opensFirst)
      for (const [realm, name] of CHANNELS.toReversed())
        this.#world.registry.open(channelRef(realm, name))
  }

  get log(): MemoryHistory {
    return this.#world.log
  }

  /** @returns what became of each */
  apply(steps: readonly Step[]): unknown[] {
    return steps.map(({ entry, name, realm, timestamp }) => {
      this.#world.now = START + (timestamp - START) * this.#clockSpeed
      const ref = channelRef(realm, name)
      // Nobody else opens a channel of the commons.
      if (realm !== '' || entry.kind === 'join') this.#world.registry.open(ref)
      return plainest(this.#stage.apply(ref, entry, new StepAt(timestamp), undefined))
    })
  }

  restore(snapshots: readonly ChannelSnapshot[], now: number): void {
    this.#world.now = now
    for (const snapshot of snapshots) this.#stage.restore(snapshot)
  }

  snapshots(): ChannelSnapshot[] {
    return [...CHANNELS, ['', 'lobby'] as const].flatMap(
      ([realm, name]) => this.#stage.snapshot(channelRef(realm, name)) ?? [],
    )
  }

  #engine(): Engine {
    const refuse = () => {
      throw new Error('nothing is proposed here')
    }
    return {
      start: async (stage) => void (this.#stage = stage),
      open: ({ realm }): Result<string> => ok(realm === '' ? '' : positionAt(0, 0)),
      close: () => undefined,
      propose: refuse,
      stop: async () => undefined,
    }
  }
}

export function replayed(surroundings: Surroundings, steps: readonly Step[]): Replayed {
  const node = new Node(surroundings)
  const outcomes = node.apply(steps)
  // One that was opened, and no more, is for readers of that node alone.
  const names = new Set(steps.map(({ name }) => name))
  return { outcomes, channels: node.snapshots().filter(({ name }) => names.has(name)) }
}

class StepAt implements At {
  readonly timestamp: number
  readonly moment: number
  #count = 0

  constructor(timestamp: number) {
    this.timestamp = timestamp
    this.moment = timestamp - APART_MS
  }

  place(): string {
    return positionAt(this.timestamp, this.#count++)
  }
}

/** As a disk that forgets nothing meanwhile. */
function longLog(): MemoryHistory {
  const forever = new RetentionBudget({
    keepMs: Number.MAX_SAFE_INTEGER,
    maxBytes: Infinity,
    shareOf: (realm) => realm,
    maxBytesOf: () => 0,
  })
  return new MemoryHistory(forever, () => 0, 10_000)
}

/** Without what is about this node alone: promises, and memberships with their sockets. */
function plainest(outcome: Result<unknown> | undefined): unknown {
  return JSON.parse(
    JSON.stringify(outcome ?? null, (key, value: unknown) => (key === 'kept' ? undefined : value)),
  )
}

/** The same entry, of which nobody may read the members in their order. */
export function turnedRound(entry: Entry): Entry {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned)
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([name, member]) => [name, turned(member)]),
    )
  }
  return turned(entry) as Entry
}
