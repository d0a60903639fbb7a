/**
 * How much of the disk live objects may take. They do not expire as messages do, so that nothing makes room for them:
 * all together have half of what `history.db` may take up, and an app half of its own limit.
 */
import { type Failure, failure } from '../../failure.ts'
import type { ObjectTables } from './object-tables.ts'
import type { TrimmingOptions } from './trimming.ts'

const MIB = 1_048_576
const PART = 0.5
/** The sum over all channels is looked up again after so many questions. */
const LOOK_EVERY = 1000

export class ObjectRoom {
  readonly #objects: ObjectTables
  readonly #options: Pick<TrimmingOptions, 'diskMb' | 'diskMbOf'>
  #total = 0
  #untilLook = 0

  constructor(objects: ObjectTables, options: Pick<TrimmingOptions, 'diskMb' | 'diskMbOf'>) {
    this.#objects = objects
    this.#options = options
  }

  /** Why an app may not have more objects now, if so. */
  refusal(realm: string): Failure | undefined {
    const { diskMb, diskMbOf } = this.#options
    const own = diskMbOf(realm)
    if (own > 0 && this.#objects.bytesOf(realm) > own * MIB * PART)
      return failure('objects_full', 'the objects of the app have come to their limit')
    if (diskMb > 0 && this.#sum() > diskMb * MIB * PART)
      return failure('objects_full', 'the server has no room for more objects')
    return undefined
  }

  #sum(): number {
    if (this.#untilLook-- <= 0) {
      this.#total = this.#objects.totalBytes()
      this.#untilLook = LOOK_EVERY
    }
    return this.#total
  }
}
