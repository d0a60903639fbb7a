/** What the texts of variants mean, remembered: a text is parsed once, and not for each event of its group. */
import { TextCache } from '../../../identity/text-cache.ts'
import type { MessageFilter } from '../../../policy/message-filter.ts'

/** Letters that are kept of texts and of what they mean; names and filters come from clients, so there may be any number. */
export const MAX_VARIANT_LETTERS = 16_000_000
/** About as much memory as a part of a filter takes. */
const LETTERS_PER_UNIT = 32

/**
 * Reads variants by their text.
 * @param parse called for a text that is not in the cache
 */
export function cachedVariants<Variant extends { readonly filter: MessageFilter | undefined }>(
  parse: (text: string) => Variant,
): (text: string) => Variant {
  const known = new TextCache<Variant>(MAX_VARIANT_LETTERS)
  return (text) => {
    const found = known.get(text)
    if (found) return found
    const variant = parse(text)
    known.set(text, variant, filterLetters(variant.filter))
    return variant
  }
}

/** What a filter takes in memory, in letters. */
function filterLetters(filter: MessageFilter | undefined): number {
  return filter ? LETTERS_PER_UNIT * filter.cost.units : 0
}
