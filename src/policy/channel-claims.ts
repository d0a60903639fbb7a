/** What a token says about channels, by pattern: of all patterns that match a channel the most specific counts. */
import { type Specificity, parsePattern, specificity } from './capability/pattern.ts'
import { type PatternNode, PatternTrie, qualifierOf, startOf } from './capability/trie.ts'

interface Ranked<T> extends Specificity {
  readonly claim: T
}

type Node<T> = PatternNode<Ranked<T> | undefined>

/** Built once for a token, and looked up with every message. */
export class ChannelClaims<T> {
  readonly #trie = new PatternTrie<Ranked<T> | undefined>(undefined)
  /** How many patterns there are. */
  readonly size: number

  constructor(claims: ReadonlyMap<string, T> = new Map()) {
    this.size = claims.size
    for (const [text, claim] of claims) {
      const ranked = { claim, ...specificity(parsePattern(text)) }
      this.#trie.put(text, () => ranked)
    }
  }

  /** How many nodes it keeps. */
  get nodes(): number {
    return this.#trie.size
  }

  /** How many nodes a look-up visits at most, whatever the channel. */
  get reach(): number {
    return this.#trie.reach()
  }

  /** @param channel with its qualifier but without parameters */
  for(channel: string): T | undefined {
    if (this.size === 0) return undefined
    const from = startOf(channel)
    const own = this.#trie.root(qualifierOf(channel, from))
    const any = this.#trie.anyRoot
    // A pattern with the channel's own qualifier wins against one with `[*]`, so it is looked up first.
    let best = own && mostSpecific(own, channel, from, undefined)
    if (any && any !== own) best = mostSpecific(any, channel, from, best)
    return best?.claim
  }
}

/** The claims of an API key, or of a token without any. */
export const NO_CLAIMS = new ChannelClaims<never>()

/**
 * Literal segments count most, then how many segments there are, then where the literal ones stand: a literal segment
 * is followed before `*`, and of those with the same counts the first that is found stays.
 * @param from where the next segment of the name begins; beyond its end once there is none
 */
function mostSpecific<T>(
  node: Node<T>,
  name: string,
  from: number,
  best: Ranked<T> | undefined,
): Ranked<T> | undefined {
  if (from > name.length) return greater(best, node.here)
  let found = best
  if (node.hasLiteral || node.one) {
    const colon = name.indexOf(':', from)
    const end = colon < 0 ? name.length : colon
    const literal = node.literal(name.slice(from, end))
    if (literal) found = mostSpecific(literal, name, end + 1, found)
    if (node.one) found = mostSpecific(node.one, name, end + 1, found)
  }
  return greater(found, node.below)
}

function greater<T>(
  best: Ranked<T> | undefined,
  other: Ranked<T> | undefined,
): Ranked<T> | undefined {
  if (!best || !other) return best ?? other
  if (other.literals !== best.literals) return other.literals > best.literals ? other : best
  return other.segments > best.segments ? other : best
}
