/** Hides join and send keys that somebody wrote into a name. They have no recognisable form, so parts are compared by digest. */
import type { Reservation } from '../../policy/channel-access.ts'
import { opens } from '../../policy/channel-keys.ts'
import type { FoldedNames } from '../../policy/names.ts'
import { HIDDEN } from '../../text/secrets.ts'

const BOUNDARY = /([:/])/

/** Shorter parts are not compared: they are ordinary words of names, and hiding one would reveal that it is the key. */
const SHORTEST = 8

/** Bounds the work for a name; of longer names only the last parts are compared. */
const MAX_PARTS = 16

/**
 * Returns a text about a channel, such as its name, without the keys of the reservation that covers the channel.
 * @param channel name of the channel that the text is about
 */
export type Conceal = (text: string, channel: string) => string

export function concealing(
  namespaces: FoldedNames<Reservation>,
  digest: (key: string) => Uint8Array,
): Conceal {
  return (text, channel) => {
    const { join, send } = namespaces.match(channel)?.best.keys ?? {}
    const keys = [join, send].filter((key) => key !== undefined)
    if (keys.length === 0) return text
    const parts = text.split(BOUNDARY)
    const first = Math.max(0, parts.length - 2 * MAX_PARTS)
    return parts
      .map((part, at) => {
        if (at < first || part.length < SHORTEST) return part
        const presented = digest(part)
        return keys.some((key) => opens(presented, key)) ? HIDDEN : part
      })
      .join('')
  }
}
