/** A number that many add to: the sum is the same in whatever order they do. */
import { LiveObject, type ObjectHead } from './live-object.ts'
import { KEEPING_BYTES } from './object-size.ts'

const NUMBER_BYTES = 8

export class LiveCounter extends LiveObject {
  readonly type = 'counter'
  #count: number

  constructor(id: string, head?: ObjectHead) {
    super(id, head)
    this.#count = head?.count ?? 0
  }

  get count(): number {
    return this.#count
  }

  override get bytes(): number {
    return KEEPING_BYTES + NUMBER_BYTES
  }

  /** Counts what it began with, once. */
  create(count: number): void {
    if (this.isCreated) return
    this.isCreated = true
    this.#count += count
  }

  add(number: number): void {
    this.#count += number
  }

  override head(): ObjectHead {
    return { ...super.head(), count: this.#count }
  }

  protected override empty(): void {
    this.#count = 0
  }
}
