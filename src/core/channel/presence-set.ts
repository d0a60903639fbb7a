/** Who is present on a channel. A client is present once for each connection through which it entered. */
import type { PresenceMessage } from '../types.ts'
import { SmallMap } from './small-map.ts'

export class PresenceSet {
  readonly #members = new Map<string, PresenceMessage>()
  /**
   * Keys of members by connection, so that a connection's end does not search the channel. Of one that has entered
   * one member, as nearly all have, it is the key itself: a set would take as much as the member.
   */
  readonly #byConnection = new SmallMap<string | Set<string>>()
  #bytes = 0
  #guests = 0

  get size(): number {
    return this.#members.size
  }

  /** How many of them are guests. */
  get guests(): number {
    return this.#guests
  }

  /** About what the members take in memory. */
  get bytes(): number {
    return this.#bytes
  }

  /** In the order of entering, with the action `present`. */
  members(): Iterable<PresenceMessage> {
    return this.#members.values()
  }

  /** Of the members, in the same order: what a list of them is walked by that takes time. */
  keys(): Iterable<string> {
    return this.#members.keys()
  }

  at(key: string): PresenceMessage | undefined {
    return this.#members.get(key)
  }

  get(connectionId: string, clientId: string): PresenceMessage | undefined {
    return this.#members.get(memberKey({ connectionId, clientId }))
  }

  /** What a connection has entered. */
  ofConnection(connectionId: string): PresenceMessage[] {
    const keys = this.#byConnection.get(connectionId) ?? []
    return Array.from(typeof keys === 'string' ? [keys] : keys, (key) => this.#members.get(key)!)
  }

  /** Puts a member in, or in the place of what it was. */
  put(member: PresenceMessage): void {
    const key = memberKey(member)
    this.#discount(key)
    this.#members.set(key, { ...member, action: 'present' })
    this.#bytes += memberBytes(member)
    if (member.guest) this.#guests++
    this.#note(member.connectionId, key)
  }

  /** @returns whether it was there */
  remove(connectionId: string, clientId: string): boolean {
    const key = memberKey({ connectionId, clientId })
    this.#discount(key)
    this.#forget(connectionId, key)
    return this.#members.delete(key)
  }

  #note(connectionId: string, key: string): void {
    const keys = this.#byConnection.get(connectionId)
    if (keys === undefined) this.#byConnection.set(connectionId, key)
    else if (typeof keys !== 'string') keys.add(key)
    else if (keys !== key) this.#byConnection.set(connectionId, new Set([keys, key]))
  }

  #forget(connectionId: string, key: string): void {
    const keys = this.#byConnection.get(connectionId)
    if (keys === undefined) return
    if (typeof keys !== 'string') keys.delete(key)
    if (keys === key || (typeof keys !== 'string' && keys.size === 0))
      this.#byConnection.delete(connectionId)
  }

  #discount(key: string): void {
    const known = this.#members.get(key)
    if (!known) return
    this.#bytes -= memberBytes(known)
    if (known.guest) this.#guests--
  }
}

type Named = Pick<PresenceMessage, 'connectionId' | 'clientId'>

/** Connection ids hold no line breaks, so no two members have the same key. */
export function memberKey({ connectionId, clientId }: Named): string {
  return `${connectionId}\n${clientId}`
}

/** What objects and keys cost beside their contents, roughly. */
const MEMBER_BYTES = 400

/** About what a member takes in memory. */
export function memberBytes({
  clientId,
  data,
  extras,
}: Pick<PresenceMessage, 'clientId' | 'data' | 'extras'>): number {
  return MEMBER_BYTES + clientId.length + (data?.length ?? 0) + (extras?.length ?? 0)
}
