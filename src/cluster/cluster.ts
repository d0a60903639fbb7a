/**
 * The seam to the other nodes that serve the same channels: who is there, asking them all, telling them all, and doing
 * once among them what must not be done twice. Questions, answers and notices are plain data, fit for JSON.
 */
import type { Soon } from '../core/soon.ts'
import type { Result } from '../failure.ts'

export interface NodeInfo {
  /** New for each process: a node that starts again is another one. */
  readonly id: string
  /** As people call it. */
  readonly name: string
  /** Begins ids that are counted on each node, so that they differ between nodes; empty for a node that is alone. */
  readonly idPrefix: string
}

/** A kind of question: under a name that all nodes know, from what is asked to what is answered. */
export interface QuestionKind<Q, A> {
  readonly name: string
  /** Only its types are used. */
  readonly answers?: (question: Q) => A
}

/** The same for what is told and not answered. */
export interface NoticeKind<N> {
  readonly name: string
  /** Only its type is used. */
  readonly tells?: (notice: N) => void
}

export interface Answer<A> {
  readonly node: NodeInfo
  readonly value: A
}

export interface Answers<A> {
  /** That of this node is the first. */
  readonly given: readonly Answer<A>[]
  /** Nodes that have not answered in time, or do not know the question. */
  readonly missing: readonly NodeInfo[]
}

export interface Cluster {
  readonly self: NodeInfo
  /** All that are there, this one included. */
  nodes(): readonly NodeInfo[]
  /** Calls the listener when a node has come or gone. @param hear told which one is gone, if that is what happened */
  onChange(hear: (gone: NodeInfo | undefined) => void): void
  /** Asks every node, this one included. */
  ask<Q, A>(kind: QuestionKind<Q, A>, question: Q): Soon<Answers<A>>
  /** Tells every node, this one in the same turn. Who is not reached hears nothing of it. */
  tell<N>(kind: NoticeKind<N>, notice: N): void
  /**
   * Claims something that may be done once among all nodes. Whoever claims bounds how much there is of it.
   * @param name of what is done, told apart from everything else
   * @param keepMs for how long nobody else may do it, minutes at most
   * @returns whether nobody else has claimed it; a failure where that cannot be found out now
   */
  once(name: string, keepMs: number): Soon<Result<boolean>>
  /** `away` while the others cannot be reached. */
  level(): 'up' | 'away'
}
