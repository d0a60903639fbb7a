/** Channels of apps as all nodes have them: which there are, and how many are on them. */
import type { Soon } from '../core/soon.ts'
import type { Occupancy } from '../core/types.ts'
import type { Answers, Cluster, QuestionKind } from './cluster.ts'

export interface OccupancyQuestion {
  readonly realm: string
  /** Of channels. */
  readonly names: readonly string[]
}

export interface NamesQuestion {
  readonly realm: string
  readonly prefix: string
  /** Only names behind this one, in the order of their code units. */
  readonly after: string
  readonly count: number
}

/** In the order of the names; `null` for a channel that a node does not have. */
export const OCCUPANCY: QuestionKind<OccupancyQuestion, readonly (Occupancy | null)[]> = {
  name: 'occupancy',
}

/** The first names that fit, in their order. */
export const CHANNEL_NAMES: QuestionKind<NamesQuestion, readonly string[]> = {
  name: 'channel names',
}

export class AppChannels {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** In the order of the names; undefined for a channel that no node has. */
  occupancy(question: OccupancyQuestion): Soon<readonly (Occupancy | undefined)[]> {
    const answers = this.#cluster.ask(OCCUPANCY, question)
    const add = (known: Answers<readonly (Occupancy | null)[]>) =>
      question.names.map((_, place) => totalOf(known.given.map(({ value }) => value[place])))
    return answers instanceof Promise ? answers.then(add) : add(answers)
  }

  names(question: NamesQuestion): Soon<readonly string[]> {
    const answers = this.#cluster.ask(CHANNEL_NAMES, question)
    const merge = ({ given }: Answers<readonly string[]>) => {
      const [only] = given
      if (only && given.length === 1) return only.value
      const all = new Set(given.flatMap(({ value }) => value))
      // By code units, as each node has sorted its own.
      return [...all].toSorted((a, b) => (a < b ? -1 : 1)).slice(0, question.count)
    }
    return answers instanceof Promise ? answers.then(merge) : merge(answers)
  }
}

function totalOf(parts: readonly (Occupancy | null | undefined)[]): Occupancy | undefined {
  let total: Occupancy | undefined
  for (const part of parts) if (part) total = total ? sumOf(total, part) : part
  return total
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
