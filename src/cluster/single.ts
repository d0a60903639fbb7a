/** One node, and no other: it answers itself, in the same turn. */
import type { Soon } from '../core/soon.ts'
import { type Result, ok } from '../failure.ts'
import { Claims } from './claims.ts'
import type { Answers, Cluster, NodeInfo, NoticeKind, QuestionKind } from './cluster.ts'
import type { Handlers } from './handlers.ts'

const NOBODY_MISSING: readonly NodeInfo[] = Object.freeze([])

export class SingleNode implements Cluster {
  readonly self: NodeInfo
  readonly #nodes: readonly NodeInfo[]
  readonly #handlers: Handlers
  readonly #claims: Claims

  /** @param elapsed milliseconds of a clock that nobody sets */
  constructor(self: NodeInfo, handlers: Handlers, elapsed: () => number) {
    this.self = self
    this.#nodes = Object.freeze([self])
    this.#handlers = handlers
    this.#claims = new Claims(elapsed)
  }

  nodes(): readonly NodeInfo[] {
    return this.#nodes
  }

  /** Nobody comes or goes. */
  onChange(): void {}

  ask<Q, A>({ name }: QuestionKind<Q, A>, question: Q): Soon<Answers<A>> {
    const answer = this.#handlers.reply(name, question)
    if (answer === undefined) throw new Error(`nothing here answers “${name}”`)
    // A handler answers as its kind of question says.
    return answer instanceof Promise
      ? answer.then((value) => this.#answers(value as A))
      : this.#answers(answer as A)
  }

  tell<N>({ name }: NoticeKind<N>, notice: N): void {
    this.#handlers.deliver(name, notice)
  }

  once(name: string, keepMs: number): Result<boolean> {
    return ok(this.#claims.take(name, keepMs))
  }

  level(): 'up' {
    return 'up'
  }

  #answers<A>(value: A): Answers<A> {
    return { given: [{ node: this.self, value }], missing: NOBODY_MISSING }
  }
}
