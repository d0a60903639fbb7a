/** How many are on a channel, over all nodes that have it. */
import type { Soon } from '../core/soon.ts'
import type { ChannelRef, Occupancy } from '../core/types.ts'
import type { Answers, Cluster, QuestionKind } from './cluster.ts'

/** `null` from a node that does not have the channel. */
export const OCCUPANCY: QuestionKind<Pick<ChannelRef, 'realm' | 'name'>, Occupancy | null> = {
  name: 'occupancy',
}

/** @returns undefined where no node has the channel */
export function occupancyOnAll(
  cluster: Cluster,
  { name, realm }: ChannelRef,
): Soon<Occupancy | undefined> {
  const answers = cluster.ask(OCCUPANCY, { realm, name })
  return answers instanceof Promise ? answers.then(total) : total(answers)
}

function total({ given }: Answers<Occupancy | null>): Occupancy | undefined {
  let sum: Occupancy | undefined
  for (const { value } of given) if (value) sum = sum ? sumOf(sum, value) : value
  return sum
}

/** Attachments are known to their own node alone; the presence set is the same on every node that has the channel. */
export function sumOf(a: Occupancy, b: Occupancy): Occupancy {
  return {
    connections: a.connections + b.connections,
    publishers: a.publishers + b.publishers,
    subscribers: a.subscribers + b.subscribers,
    presenceConnections: a.presenceConnections + b.presenceConnections,
    presenceMembers: Math.max(a.presenceMembers, b.presenceMembers),
    presenceSubscribers: a.presenceSubscribers + b.presenceSubscribers,
    objectPublishers: a.objectPublishers + b.objectPublishers,
    objectSubscribers: a.objectSubscribers + b.objectSubscribers,
  }
}
