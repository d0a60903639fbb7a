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

/** Greater is narrower; what comes first counts first. */
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

export function patternText({ qualifier, segments }: Pattern): string {
  return (qualifier === '' ? '' : `[${qualifier}]`) + segments.join(':')
}

/** The pattern of exactly the names that both match; there is always one or none. */
export function meet(a: Pattern, b: Pattern): Pattern | undefined {
  const qualifier = meetQualifiers(a.qualifier, b.qualifier)
  const segments = meetSegments(a.segments, b.segments)
  return qualifier === undefined || segments === undefined ? undefined : { qualifier, segments }
}

function meetQualifiers(a: string, b: string): string | undefined {
  if (a === b || b === ANY) return a
  return a === ANY ? b : undefined
}

function meetSegments(a: readonly string[], b: readonly string[]): string[] | undefined {
  const met: string[] = []
  for (let i = 0; ; i++) {
    if (i === a.length || i === b.length) return a.length === b.length ? met : undefined
    // A `*` at the end takes all that the other still has, which is at least one segment.
    if (isRest(a, i)) return [...met, ...b.slice(i)]
    if (isRest(b, i)) return [...met, ...a.slice(i)]
    const segment = meetSegment(a[i]!, b[i]!)
    if (segment === undefined) return undefined
    met.push(segment)
  }
}

function isRest(segments: readonly string[], i: number): boolean {
  return i === segments.length - 1 && segments[i] === ANY
}

function meetSegment(a: string, b: string): string | undefined {
  if (a === b || b === ANY) return a
  return a === ANY ? b : undefined
}

/**
 * How narrow a pattern is: of those that match one name, one that covers another has fewer literal segments, or as
 * many of them among fewer segments, or only the wider qualifier.
 */
export function specificity({ qualifier, segments }: Pattern): Specificity {
  const literals = segments.filter((segment) => segment !== ANY).length
  return { literals, segments: segments.length, qualifier: qualifier === ANY ? 0 : 1 }
}

/** Whether every name that `b` matches is one that `a` matches. */
export function covers(a: Pattern, b: Pattern): boolean {
  const both = meet(a, b)
  return both !== undefined && patternText(both) === patternText(b)
}
