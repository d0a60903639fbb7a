/** Who on this node answers what is asked, and does something about what is told. */
import type { Soon } from '../core/soon.ts'
import type { NoticeKind, QuestionKind } from './cluster.ts'

export class Handlers {
  readonly #answering = new Map<string, (question: unknown) => Soon<unknown>>()
  readonly #hearing = new Map<string, (notice: unknown) => void>()

  answer<Q, A>({ name }: QuestionKind<Q, A>, act: (question: Q) => Soon<A>): void {
    // What comes under the name of a kind is of its type: nodes ask through `Cluster.ask` alone.
    this.#answering.set(name, act as (question: unknown) => Soon<unknown>)
  }

  hear<N>({ name }: NoticeKind<N>, act: (notice: N) => void): void {
    // As above.
    this.#hearing.set(name, act as (notice: unknown) => void)
  }

  /** @returns undefined for what this node cannot answer, such as a question of a newer one */
  reply(name: string, question: unknown): Soon<unknown> {
    return this.#answering.get(name)?.(question)
  }

  /** What nobody here knows is not heard. */
  deliver(name: string, notice: unknown): void {
    this.#hearing.get(name)?.(notice)
  }
}
