/** Join and send keys that somebody wrote into a name: people make them up, so they are known by their digest alone. */
import type { Reservation } from '../../policy/channel-access.ts'
import { opens } from '../../policy/channel-keys.ts'
import type { FoldedNames } from '../../policy/names.ts'
import { HIDDEN } from '../../text/secrets.ts'

const BOUNDARY = /([:/])/

/** Shorter keys are words that names are made of as well, and to hide those would tell that they are keys. */
const SHORTEST = 8

/** More parts than this have few names; of longer ones the last are looked at. */
const MAX_PARTS = 16

/**
 * A text about a channel, such as its name, without the keys of the reservation that covers it.
 * @param channel which one the text is about
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
