/** Patterns compared and intersected pair by pair: simple, slow, and what the quick ways have to agree with. */
import type { Capability } from '../../src/policy/capability/capability.ts'
import {
  type OperationSet,
  NO_OPERATIONS,
  intersectOperations,
  isSubset,
  uniteOperations,
} from '../../src/policy/capability/operations.ts'
import { type Pattern, parsePattern } from '../../src/policy/capability/pattern.ts'

const ANY = '*'

/** What both permit, with a line for each pair of lines that has something in common. */
export function intersectPairwise(a: Capability, b: Capability): Capability {
  const nested = new Map<string, OperationSet>()
  const crossed = new Map<string, OperationSet>()
  for (const [text, operations] of a) {
    for (const [other, others] of b) {
      const common = intersectOperations(operations, others)
      const both =
        common === NO_OPERATIONS ? undefined : meet(parsePattern(text), parsePattern(other))
      if (!both) continue
      const met = patternText(both)
      const found = met === text || met === other ? nested : crossed
      found.set(met, uniteOperations(found.get(met) ?? NO_OPERATIONS, common))
    }
  }
  const written = [...nested]
  for (const [text, operations] of crossed) {
    const known = written
      .filter(([other]) => covers(parsePattern(other), parsePattern(text)))
      .reduce((set, [, others]) => uniteOperations(set, others), NO_OPERATIONS)
    if (isSubset(operations, known)) continue
    nested.set(text, uniteOperations(nested.get(text) ?? NO_OPERATIONS, operations))
  }
  return nested
}

/** Whether every name that `b` matches is one that `a` matches. */
export function covers(a: Pattern, b: Pattern): boolean {
  const both = meet(a, b)
  return both !== undefined && patternText(both) === patternText(b)
}

function patternText({ qualifier, segments }: Pattern): string {
  return (qualifier === '' ? '' : `[${qualifier}]`) + segments.join(':')
}

/** The pattern of exactly the names that both match; there is always one or none. */
function meet(a: Pattern, b: Pattern): Pattern | undefined {
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
