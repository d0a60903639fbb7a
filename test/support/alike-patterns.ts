/** Patterns of which one name matches as many as there can be: every one of its segments may be itself or `*`. */

/** @returns 2 to the power of `segments` patterns, all for a name of one segment more */
export function alikePatterns(segments: number): string[] {
  let patterns = ['']
  for (let i = 0; i < segments; i++)
    patterns = patterns.flatMap((pattern) => [`${pattern}x:`, `${pattern}*:`])
  return patterns.map((pattern) => `${pattern}end`)
}
