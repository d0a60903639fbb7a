/** Which origins browsers may connect from. Requests without an Origin come from programs, and pass. */

/** Whether a text can stand in an allow-list: `*`, an origin, or one whose host begins with `*.`. */
export function isOriginPattern(entry: string): boolean {
  return entry === '*' || /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/i.test(entry)
}

/** An entry of the allow-list: `*`, an exact origin, or an origin whose host begins with `*.`. */
export function isOriginAllowed(origin: string | null, allowed: readonly string[]): boolean {
  if (origin === null) return true
  const given = origin.toLowerCase()
  return allowed.some((entry) => matches(given, entry.toLowerCase()))
}

/**
 * What the allow-list would have to be for an origin to be on it.
 * @returns undefined for what no browser sends: it would be copied into a shell
 */
export function allowingSetting(origin: string, allowed: readonly string[]): string | undefined {
  if (!/^[a-z][a-z\d+.-]*:\/\/[\w.-]+(:\d+)?$/i.test(origin)) return undefined
  return [...allowed, origin].join(',')
}

function matches(origin: string, entry: string): boolean {
  if (entry === '*' || entry === origin) return true
  const star = entry.indexOf('://*.')
  if (star < 0) return false
  const scheme = entry.slice(0, star + 3)
  const suffix = entry.slice(star + 4)
  // The star stands for at least one label, so the bare domain is not meant.
  return (
    origin.startsWith(scheme) &&
    origin.endsWith(suffix) &&
    origin.length > scheme.length + suffix.length
  )
}
