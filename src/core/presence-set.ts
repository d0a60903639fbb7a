/** Who is present on a channel. A client is present once for each connection through which it entered. */
import type { PresenceMessage } from './types.ts'

export class PresenceSet {
  readonly #members = new Map<string, PresenceMessage>()
  /** Keys of members by connection, so that a connection's end does not search the channel. */
  readonly #byConnection = new Map<string, Set<string>>()

  get size(): number {
    return this.#members.size
  }

  /** In the order of entering, with the action `present`. */
  members(): Iterable<PresenceMessage> {
    return this.#members.values()
  }

  get(connectionId: string, clientId: string): PresenceMessage | undefined {
    return this.#members.get(memberKey(connectionId, clientId))
  }

  /** What a connection has entered. */
  ofConnection(connectionId: string): PresenceMessage[] {
    const keys = this.#byConnection.get(connectionId) ?? []
    return Array.from(keys, (key) => this.#members.get(key)!)
  }

  /** Puts a member in, or in the place of what it was. */
  put(member: PresenceMessage): void {
    const key = memberKey(member.connectionId, member.clientId)
    this.#members.set(key, { ...member, action: 'present' })
    const keys = this.#byConnection.get(member.connectionId)
    if (keys) keys.add(key)
    else this.#byConnection.set(member.connectionId, new Set([key]))
  }

  /** @returns whether it was there */
  remove(connectionId: string, clientId: string): boolean {
    const key = memberKey(connectionId, clientId)
    const keys = this.#byConnection.get(connectionId)
    keys?.delete(key)
    if (keys?.size === 0) this.#byConnection.delete(connectionId)
    return this.#members.delete(key)
  }
}

/** Connection ids hold no line breaks, so no two members have the same key. */
function memberKey(connectionId: string, clientId: string): string {
  return `${connectionId}\n${clientId}`
}
