/** Several nodes in one process: what they ask and tell each other goes as JSON, as it would between machines. */
import { Claims } from '../../src/cluster/claims.ts'
import type {
  Answer,
  Answers,
  Cluster,
  NodeInfo,
  NoticeKind,
  QuestionKind,
} from '../../src/cluster/cluster.ts'
import type { Handlers } from '../../src/cluster/handlers.ts'
import { type Result, fail, ok } from '../../src/failure.ts'

/** Nodes that know each other. */
export class TestCluster {
  readonly members: TestNode[] = []
  /** Names of nodes that do not answer. */
  readonly silent = new Set<string>()
  /** Whether claims can be made. */
  isAway = false
  readonly claims: Claims

  constructor(elapsed: () => number = () => performance.now()) {
    this.claims = new Claims(elapsed)
  }

  join(name: string, handlers: Handlers): TestNode {
    const node = new TestNode(this, { id: `${name}-1`, name, idPrefix: `${name}.` }, handlers)
    this.members.push(node)
    return node
  }
}

export class TestNode implements Cluster {
  readonly self: NodeInfo
  readonly handlers: Handlers
  readonly #cluster: TestCluster

  constructor(cluster: TestCluster, self: NodeInfo, handlers: Handlers) {
    this.#cluster = cluster
    this.self = self
    this.handlers = handlers
  }

  nodes(): readonly NodeInfo[] {
    return this.#cluster.members.map(({ self }) => self)
  }

  onChange(): void {}

  async ask<Q, A>({ name }: QuestionKind<Q, A>, question: Q): Promise<Answers<A>> {
    const given: Answer<A>[] = []
    const missing: NodeInfo[] = []
    for (const { handlers, self } of this.#ownFirst()) {
      const isSilent = this.#cluster.silent.has(self.name)
      // oxlint-disable-next-line no-await-in-loop -- in a fixed order, so that tests can rely on it
      const answer = isSilent ? undefined : await handlers.reply(name, copyOf(question))
      if (answer === undefined) missing.push(self)
      else given.push({ node: self, value: copyOf(answer) as A })
    }
    return { given, missing }
  }

  tell<N>({ name }: NoticeKind<N>, notice: N): void {
    for (const { handlers, self } of this.#ownFirst())
      if (!this.#cluster.silent.has(self.name)) handlers.deliver(name, copyOf(notice))
  }

  async once(name: string, keepMs: number): Promise<Result<boolean>> {
    await Promise.resolve()
    if (this.#cluster.isAway) return fail('engine_unreachable')
    return ok(this.#cluster.claims.take(name, keepMs))
  }

  level(): 'up' | 'away' {
    return this.#cluster.isAway ? 'away' : 'up'
  }

  #ownFirst(): readonly TestNode[] {
    return [this, ...this.#cluster.members.filter((node) => node !== this)]
  }
}

/** As it comes out on another node; what JSON cannot hold is a mistake of whoever asks or answers. */
function copyOf(value: unknown): unknown {
  if (value === undefined) return undefined
  const copy: unknown = JSON.parse(JSON.stringify(value))
  if (!Bun.deepEquals(copy, structuredClone(value)))
    throw new Error(`not plain data: ${Bun.inspect(value)}`)
  return copy
}
