/** What maps and counters have in common: how far each site has come with them, whether they were created, or deleted. */
import type { ObjectStamp } from './operation.ts'
import type { ObjectType } from './object-id.ts'

/** An object without its entries, as plain data. */
export interface ObjectHead {
  readonly objectId: string
  /** The serial of the last operation on it, by site. */
  readonly sites: readonly (readonly [siteCode: string, serial: string])[]
  readonly isCreated: boolean
  /** When it was deleted, in milliseconds since the epoch. */
  readonly deletedAt: number | undefined
  /** Since when nothing has led to it, as far as anybody has looked. */
  readonly lostSince: number | undefined
  /** Of a counter. */
  readonly count: number | undefined
  /** Of a map: everything before it was cleared. */
  readonly clearSerial: string | undefined
}

export abstract class LiveObject {
  abstract readonly type: ObjectType
  readonly id: string
  readonly sites: Map<string, string>
  /** Whether what it began with has been added; until then others have only named it. */
  isCreated: boolean
  lostSince: number | undefined
  #deletedAt: number | undefined

  constructor(id: string, head?: ObjectHead) {
    this.id = id
    this.sites = new Map(head?.sites)
    this.isCreated = head?.isCreated ?? false
    this.lostSince = head?.lostSince
    this.#deletedAt = head?.deletedAt
  }

  get deletedAt(): number | undefined {
    return this.#deletedAt
  }

  get isDeleted(): boolean {
    return this.#deletedAt !== undefined
  }

  /** Of what it holds, as limits measure it. */
  abstract get bytes(): number

  /** Lets go of all that it holds. */
  protected abstract empty(): void

  /**
   * Notes that an operation has come.
   * @returns whether it is newer than all that came from its site before: an older one says nothing any more (RTLO4a)
   */
  admit({ serial, siteCode }: ObjectStamp): boolean {
    const before = this.sites.get(siteCode)
    if (before !== undefined && serial <= before) return false
    this.sites.set(siteCode, serial)
    return true
  }

  /** Nothing comes back of it. Of several deletions the last is when it was. */
  delete(at: number): void {
    this.empty()
    this.isCreated = false
    this.#deletedAt = Math.max(at, this.#deletedAt ?? at)
  }

  head(): ObjectHead {
    return {
      objectId: this.id,
      sites: [...this.sites],
      isCreated: this.isCreated,
      deletedAt: this.#deletedAt,
      lostSince: this.lostSince,
      count: undefined,
      clearSerial: undefined,
    }
  }
}
