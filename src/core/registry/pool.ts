/** Something of which there is only so much, such as channels, counted by the shares that it is divided into. */
import { type Limit, type Stake, greatest, roomFor } from '../../policy/shares.ts'

/** Has some, and can be made to let go of one that nobody needs at the moment. */
export interface Giver {
  readonly held: number
  readonly spare: number
  /** @returns whether it had one to let go of; then the pool has been told */
  giveWay(): boolean
}

export class PoolShare implements Stake {
  readonly key: string
  held = 0
  /** Only of what can be taken away. */
  readonly givers = new Set<Giver>()

  constructor(key: string) {
    this.key = key
  }

  get spare(): number {
    let spare = 0
    for (const giver of this.givers) spare += giver.spare
    return spare
  }

  /** Of several that share, whoever has most. */
  giveWay(): boolean {
    return greatest(this.givers, ({ held, spare }) => (spare > 0 ? held : 0))?.giveWay() ?? false
  }
}

export class Pool {
  readonly #limit: Limit
  /** Those that have some. */
  readonly #shares = new Map<string, PoolShare>()
  #total = 0

  constructor(limit: Limit) {
    this.#limit = limit
  }

  get total(): number {
    return this.#total
  }

  /** How many have some. */
  get shares(): number {
    return this.#shares.size
  }

  /** What the one that has most has. */
  get greatest(): number {
    return greatest(this.#shares.values(), ({ held }) => held)?.held ?? 0
  }

  /** The share of an owner. One that holds nothing is not kept, so it is looked up again before each `take`. */
  share(key: string): PoolShare {
    return this.#shares.get(key) ?? new PoolShare(key)
  }

  /** Whether a share may have one more, be it at the cost of another. */
  hasRoom(share: PoolShare): boolean {
    return this.#room(share).kind !== 'none'
  }

  /** Counts one more, after `hasRoom` has said so in this turn. */
  take(share: PoolShare): void {
    const room = this.#room(share)
    if (room.kind === 'from') room.giver.giveWay()
    this.#shares.set(share.key, share)
    share.held++
    this.#total++
  }

  /** One less. */
  give(share: PoolShare): void {
    share.held--
    this.#total--
    if (share.held === 0) this.#shares.delete(share.key)
  }

  /** So many have come to belong to another share. Nobody is refused or has to give way for it. */
  move(from: string, to: string, count: number): void {
    if (count === 0) return
    const [before, after] = [this.share(from), this.share(to)]
    this.#shares.set(to, after)
    after.held += count
    before.held -= count
    if (before.held === 0) this.#shares.delete(from)
  }

  #room(share: PoolShare) {
    return roomFor(share, this.#shares.values(), this.#total, this.#limit)
  }
}
