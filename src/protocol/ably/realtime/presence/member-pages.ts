/** The presence set as SYNC messages, for a client that has just attached or has asked for it (RTP18). */
import type { Channel } from '../../../../core/channel/channel.ts'
import type { IdSource } from '../../../../core/id-source.ts'
import { memberBytes, memberKey } from '../../../../core/channel/presence-set.ts'
import type { Frame, PresenceChange, PresenceMessage } from '../../../../core/types.ts'
import { syncFrame } from '../../wire/frames.ts'
import type { Format } from '../../wire/format.ts'

/** Limits of one SYNC message; a single member that is larger is sent alone. */
export interface PageLimits {
  readonly members: number
  readonly bytes: number
}

const ID_LENGTH = 8

/**
 * @param text name of the channel in frames
 * @returns the whole set as one frame; undefined if it needs more than one page
 */
export function onlyPage(
  format: Format,
  text: string,
  { presence }: Channel,
  limits: PageLimits,
): Frame | undefined {
  const isMore = presence.size > limits.members || presence.bytes > limits.bytes
  return isMore ? undefined : syncFrame(text, undefined, [...presence.members()], format)
}

/**
 * Pages of a list that is of one moment, each made when there is room for it: by then members may have changed or
 * gone, and are told as they are. SDKs report somebody twice who leaves between two pages, so nothing else about
 * presence may come before the last; what has happened meanwhile comes after it, without what a page has told.
 */
export class MemberPages {
  readonly #format: Format
  readonly #text: string
  readonly #channel: Channel
  readonly #limits: PageLimits
  readonly #syncId: string
  readonly #keys: readonly string[]
  /** The head of the channel when each member was put into a page. */
  readonly #toldAt = new Map<string, string>()
  #next = 0
  #isBegun = false

  /** @param text name of the channel in frames */
  constructor(
    format: Format,
    text: string,
    channel: Channel,
    { ids, limits }: { readonly ids: IdSource; readonly limits: PageLimits },
  ) {
    this.#format = format
    this.#text = text
    this.#channel = channel
    this.#limits = limits
    this.#syncId = ids.next(ID_LENGTH)
    this.#keys = [...channel.presence.keys()]
  }

  /** @returns undefined after the last page; there is always one */
  next(): Frame | undefined {
    const isFirst = !this.#isBegun
    if (!isFirst && this.#next === this.#keys.length) return undefined
    this.#isBegun = true
    const members = this.#take()
    const isLast = this.#next === this.#keys.length
    const cursor = isLast ? '' : String(this.#next)
    const serial = isFirst && isLast ? undefined : `${this.#syncId}:${cursor}`
    return syncFrame(this.#text, serial, members, this.#format)
  }

  /** The changes of an event that no page has told already; undefined if there are none. */
  unsent(event: PresenceChange): PresenceChange | undefined {
    const changes = event.changes.filter((change) => {
      const toldAt = this.#toldAt.get(memberKey(change))
      return toldAt === undefined || event.position > toldAt
    })
    if (changes.length === event.changes.length) return event
    return changes.length === 0 ? undefined : { ...event, changes }
  }

  #take(): PresenceMessage[] {
    const { bytes, members } = this.#limits
    const page: PresenceMessage[] = []
    let size = 0
    for (; this.#next < this.#keys.length; this.#next++) {
      const key = this.#keys[this.#next]!
      const member = this.#channel.presence.at(key)
      // Members that have left are skipped without ending the page, so that pages are not sent empty.
      const isFull = page.length === members || (size > 0 && size + sizeOf(member) > bytes)
      if (member && isFull) break
      this.#toldAt.set(key, this.#channel.recent.head)
      if (!member) continue
      page.push(member)
      size += memberBytes(member)
    }
    return page
  }
}

function sizeOf(member: PresenceMessage | undefined): number {
  return member ? memberBytes(member) : 0
}
