/** What a token says about channels, by pattern: of all patterns that match a channel the most specific counts. */
import { type Pattern, covers, parsePattern } from './capability/pattern.ts'

/** @param channel with its qualifier but without parameters */
export function claimFor<T>(claims: ReadonlyMap<string, T>, channel: string): T | undefined {
  if (claims.size === 0) return undefined
  const name = parsePattern(channel)
  let best: { readonly pattern: Pattern; readonly claim: T } | undefined
  for (const [text, claim] of claims) {
    const pattern = parsePattern(text)
    if (!covers(pattern, name)) continue
    if (!best || rank(pattern) > rank(best.pattern)) best = { pattern, claim }
  }
  return best?.claim
}

/**
 * Text that is greater, the more specific a pattern is: literal segments count most, then how many there are,
 * then that it is for one kind of channel only, then where the literal ones stand. Of patterns that match
 * the same channel no two are equal.
 */
function rank({ qualifier, segments }: Pattern): string {
  const literal = segments.map((segment) => (segment === '*' ? '0' : '1')).join('')
  const count = literal.replaceAll('0', '').length
  return [pad(count), pad(segments.length), qualifier === '*' ? '0' : '1', literal].join()
}

function pad(count: number): string {
  return String(count).padStart(8, '0')
}
