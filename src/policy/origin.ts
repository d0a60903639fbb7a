/** Which origins browsers may connect from. Requests without an Origin come from programs, and pass. */
import { type Result, fail, ok } from '../failure.ts'

/** Replaces the star while the URL parser reads an entry; short, so that the host does not become too long. */
const ANY_LABEL = 'x'
/** Schemes that no browser sends as an origin, each with the scheme that was probably meant. */
const NEVER_SENT: ReadonlyMap<string, string> = new Map([
  ['ws', 'http'],
  ['wss', 'https'],
  ...['about', 'blob', 'data', 'file', 'ftp', 'javascript'].map((scheme) => [scheme, ''] as const),
])

/**
 * Normalises an entry of an allow-list to the form in which browsers send it: `*`, an origin, or an origin whose host
 * begins with `*.`. Capitals, punycode, default ports and a slash at the end make no difference (RFC 6454, sections 4 and 6.2).
 * @returns what is wrong with an entry that no page could ever match
 */
export function readOriginPattern(entry: string): Result<string> {
  if (entry === '*') return ok(entry)
  const [, scheme, stars = '', rest] =
    /^([a-z][a-z\d+.-]*):\/\/(\*\.)?([^/?#\s\\@*]+)\/?$/i.exec(entry) ?? []
  if (scheme === undefined || rest === undefined) return fail('invalid', formFault(entry))
  const page = NEVER_SENT.get(scheme.toLowerCase())
  if (page !== undefined) return fail('invalid', schemeFault(entry, page))
  const host = stars === '' ? rest : `${ANY_LABEL}.${rest}`
  const url = URL.parse(`${scheme}://${host}`)
  if (!url || url.host === '') return fail('invalid', `has "${entry}", whose host cannot be`)
  // The parser leaves the case of other schemes' hosts as it is, and origins are compared in lower case.
  const written = url.host.toLowerCase()
  const name = stars === '' ? written : `*.${written.slice(ANY_LABEL.length + 1)}`
  return ok(`${url.protocol}//${name}`)
}

function formFault(entry: string): string {
  if (/^[a-z][a-z\d+.-]*:\/\/\*(:\d*)?\/?$/i.test(entry))
    return `has "${entry}", which names no host: "*" stands for all origins, https://*.my.site for all below a name`
  if (/^[a-z][a-z\d+.-]*:\/\/[^/?#\s\\@]+$/i.test(entry))
    return `has "${entry}", where "*" may only stand before the name, as in https://*.my.site`
  return `has "${entry}", which is no origin such as https://my.site`
}

function schemeFault(entry: string, page: string): string {
  const instead = page === '' ? '' : `: the origin of a page begins with ${page}://`
  return `has "${entry}", which no page has as its origin${instead}`
}

/**
 * A whole allow-list, each entry once.
 * @returns what is wrong with the first invalid entry
 */
export function readOriginList(entries: readonly string[]): Result<string[]> {
  const read = new Set<string>()
  for (const entry of entries) {
    const pattern = readOriginPattern(entry)
    if (!pattern.ok) return pattern
    read.add(pattern.value)
  }
  return ok([...read])
}

/** @param allowed as `readOriginList` returns them */
export function isOriginAllowed(origin: string | null, allowed: readonly string[]): boolean {
  if (origin === null) return true
  const given = origin.toLowerCase()
  return allowed.some((entry) => matches(given, entry))
}

/**
 * The value of the setting that would allow an origin too.
 * @returns undefined for an origin that no browser sends, because the value is copied into a shell
 */
export function allowingSetting(origin: string, allowed: readonly string[]): string | undefined {
  if (!/^[a-z][a-z\d+.-]*:\/\/[\w.-]+(:\d+)?$/i.test(origin)) return undefined
  return [...allowed, origin].join(',')
}

/** For an origin that is not on the list: the entry that comes closest, and the difference. */
export function nearMiss(origin: string, allowed: readonly string[]): string | undefined {
  const given = partsOf(origin)
  if (!given) return undefined
  for (const entry of allowed) {
    const listed = partsOf(entry)
    const difference = listed && differenceOf(given, listed)
    if (difference !== undefined) return `${entry} is allowed, and this has ${difference}`
  }
  return undefined
}

interface OriginParts {
  readonly scheme: string
  /** Without the star. */
  readonly host: string
  readonly port: string
  readonly hasStar: boolean
}

function partsOf(origin: string): OriginParts | undefined {
  const [, scheme, star, host, port = ''] =
    /^([a-z][a-z\d+.-]*):\/\/(\*\.)?([^:/]+|\[[^\]/]*\])(:\d+)?$/.exec(origin.toLowerCase()) ?? []
  if (scheme === undefined || host === undefined) return undefined
  return { scheme, host, port, hasStar: star !== undefined }
}

function differenceOf(given: OriginParts, listed: OriginParts): string | undefined {
  const isBelow = given.host.endsWith(`.${listed.host}`)
  const isName = listed.hasStar ? isBelow : given.host === listed.host
  if (isName) {
    const kinds = [
      ...(given.scheme === listed.scheme ? [] : ['another scheme']),
      ...(given.port === listed.port ? [] : ['another port']),
    ]
    return kinds.length === 0 ? undefined : kinds.join(' and ')
  }
  if (given.host === listed.host) return 'no name before it'
  if (!listed.hasStar && isBelow) return 'a name before it'
  return listed.host.endsWith(`.${given.host}`) ? 'a part of its name only' : undefined
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
