/** Puts together what several nodes answer about channels and connections in use. */
import type { Answers } from '../../cluster/cluster.ts'
import { sumOf } from '../../cluster/app-channels.ts'
import { type Listing, firstOf } from '../../core/first-of.ts'
import type { LiveFigures, NodeChannel } from './live-questions.ts'
import type { LiveChannel, LiveConnection } from './live-views.ts'

/** What was found on all nodes that have answered. */
export interface Found<T> extends Listing<T> {
  /** Names of the nodes that have not. */
  readonly missing: readonly string[]
}

/** How many connections were ended on all nodes that have answered. */
export interface Ended {
  readonly count: number
  readonly missing: readonly string[]
}

export function missingIn({ missing }: Answers<unknown>): readonly string[] {
  return missing.map(({ name }) => name)
}

/** The fullest first. The total is exact where nodes were asked for all; otherwise a channel that several have may count twice. */
export function mergeChannels(
  answers: Answers<Listing<NodeChannel>>,
  limit: number | undefined,
): Found<LiveChannel> {
  const [only] = answers.given
  const missing = missingIn(answers)
  if (only && answers.given.length === 1)
    return { items: only.value.items.map(({ view }) => view), total: only.value.total, missing }
  const byKey = new Map<string, LiveChannel>()
  let listed = 0
  let total = 0
  for (const { value } of answers.given) {
    total += value.total
    listed += value.items.length
    for (const { key, view } of value.items) {
      const known = byKey.get(key)
      byKey.set(key, known ? mergeChannel(known, view) : view)
    }
  }
  const { items } = firstOf(byKey.values(), fullestFirst, limit)
  return { items, total: total - listed + byKey.size, missing }
}

/** Members of the commons and of presence are known to every node that has the channel, attachments to their own alone. */
export function mergeChannel(a: LiveChannel, b: LiveChannel): LiveChannel {
  const isCommons = a.appId === undefined
  return {
    ...a,
    members: isCommons ? Math.max(a.members, b.members) : a.members + b.members,
    occupancy: a.occupancy && b.occupancy ? sumOf(a.occupancy, b.occupancy) : a.occupancy,
    rate: Math.max(a.rate, b.rate),
    since: Math.min(a.since, b.since),
  }
}

export function mergeConnections(
  answers: Answers<Listing<LiveConnection>>,
  limit: number | undefined,
): Found<LiveConnection> {
  const [only] = answers.given
  const missing = missingIn(answers)
  if (only && answers.given.length === 1) return { ...only.value, missing }
  const all = answers.given.flatMap(({ value }) => value.items)
  const total = answers.given.reduce((sum, { value }) => sum + value.total, 0)
  return { items: firstOf(all, newestFirst, limit).items, total, missing }
}

/** A channel that several nodes have counts once for each of them, and so does what is said on it. */
export function mergeFigures(answers: Answers<LiveFigures>): LiveFigures {
  const sum = { channels: 0, connections: 0, streams: 0, away: 0, rate: 0 }
  for (const { value } of answers.given) {
    sum.channels += value.channels
    sum.connections += value.connections
    sum.streams += value.streams
    sum.away += value.away
    sum.rate += value.rate
  }
  return sum
}

export function fullestFirst(a: LiveChannel, b: LiveChannel): number {
  return b.members - a.members || (a.name < b.name ? -1 : 1)
}

export function newestFirst(a: LiveConnection, b: LiveConnection): number {
  return b.since - a.since
}
