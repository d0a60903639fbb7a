/** Composes what the server has to do with other nodes: none, unless it is given a cluster. */
import { hostname } from 'node:os'
import type { Cluster } from '../cluster/cluster.ts'
import { Handlers } from '../cluster/handlers.ts'
import { SingleNode } from '../cluster/single.ts'
import type { Clock, Randomness } from '../core/clock.ts'
import { IdSource } from '../core/id-source.ts'

/** Makes this process a node that is asked and told what these take. */
export type MakeCluster = (handlers: Handlers) => Cluster

export interface Nodes {
  readonly cluster: Cluster
  /** What takes part in a cluster makes itself known here. */
  readonly handlers: Handlers
}

const ID_LENGTH = 12

/** @param make left out where there are no other nodes */
export function joinCluster(
  clock: Clock,
  random: Randomness,
  make: MakeCluster | undefined,
): Nodes {
  const handlers = new Handlers()
  const self = { id: new IdSource(random).next(ID_LENGTH), name: hostname(), idPrefix: '' }
  const cluster = make?.(handlers) ?? new SingleNode(self, handlers, () => clock.elapsed())
  return { cluster, handlers }
}
