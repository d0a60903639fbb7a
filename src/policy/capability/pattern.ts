/**
 * The resources of a capability: channel names in which a whole segment may be `*`. A `*` at the end stands
 * for one or more segments, elsewhere for exactly one; `foo*` is literal. A qualifier in brackets names
 * another space of names: `[meta]`, `[queue]`, and `[*]` for all of them, ordinary channels included.
 */

export interface Pattern {
  /** Empty for ordinary channels. */
  readonly qualifier: string
  readonly segments: readonly string[]
}

/** How narrow a pattern is. Greater is narrower; the fields are compared in this order. */
export interface Specificity {
  readonly literals: number
  readonly segments: number
  readonly qualifier: number
}

const ANY = '*'

export function parsePattern(text: string): Pattern {
  if (!text.startsWith('[')) return { qualifier: '', segments: text.split(':') }
  const bracket = /^\[([^\]]*)\]/.exec(text)
  const qualifier = bracket?.[1] ?? ''
  return { qualifier, segments: text.slice(bracket?.[0].length ?? 0).split(':') }
}

/**
 * How narrow a pattern is: of those that match one name, one that covers another has fewer literal segments, or as
 * many of them among fewer segments, or only the wider qualifier.
 */
export function specificity({ qualifier, segments }: Pattern): Specificity {
  const literals = segments.filter((segment) => segment !== ANY).length
  return { literals, segments: segments.length, qualifier: qualifier === ANY ? 0 : 1 }
}
