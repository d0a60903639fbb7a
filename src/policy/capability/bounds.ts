/**
 * Bounds of what matching a channel against patterns may cost, for the patterns of a capability and of the claims in a
 * token. Checked before anything is built from them.
 */
import { PatternTrie } from './trie.ts'

export const MAX_PATTERNS = 2000
/** Letters of all patterns together: with their operations they fit into a token, which SDKs take up to 128 KiB. */
export const MAX_LETTERS = 64 * 1024
/** Segments of all patterns together: each may be a node in memory. */
export const MAX_SEGMENTS = 10_000
/** Most nodes that a look-up may visit in the worst case. */
export const MAX_REACH = 256

/** @returns the bound that is exceeded, as the end of a sentence */
export function boundsFault(patterns: readonly string[]): string | undefined {
  if (patterns.length > MAX_PATTERNS) return `more than ${MAX_PATTERNS} channel patterns`
  let letters = 0
  let segments = 0
  for (const pattern of patterns) {
    letters += pattern.length
    segments += segmentsOf(pattern)
  }
  if (letters > MAX_LETTERS)
    return `channel patterns of more than ${MAX_LETTERS} characters together`
  if (segments > MAX_SEGMENTS)
    return `channel patterns of more than ${MAX_SEGMENTS} segments together`
  return isFarReaching(patterns)
    ? `channel patterns so alike that more than ${MAX_REACH} of their segments could match one channel`
    : undefined
}

function segmentsOf(pattern: string): number {
  let count = 1
  for (let at = pattern.indexOf(':'); at >= 0; at = pattern.indexOf(':', at + 1)) count++
  return count
}

function isFarReaching(patterns: readonly string[]): boolean {
  const longest = patterns.reduce((most, pattern) => Math.max(most, segmentsOf(pattern)), 0)
  // Without a `*` before the end there is one way through the patterns of each qualifier.
  if (2 * (longest + 1) <= MAX_REACH && !patterns.some((pattern) => /\*:/.test(pattern)))
    return false
  const trie = new PatternTrie<undefined>(undefined)
  for (const pattern of patterns) trie.put(pattern, () => undefined)
  return trie.reach() > MAX_REACH
}
