/** Network addresses as limits and trust see them: CIDR ranges, the /64 of an IPv6 address, forwarded chains. */

/** An address as 4 or 16 bytes. An IPv4 address mapped into IPv6 counts as IPv4. */
export function parseAddress(text: string): Uint8Array | undefined {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text)
  if (bytes?.length === 16 && isMappedIpv4(bytes)) return bytes.subarray(12)
  return bytes
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (const [i, part] of parts.entries()) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined
    bytes[i] = Number(part)
  }
  return bytes
}

function parseIpv6(text: string): Uint8Array | undefined {
  // The zone behind the `%` has a meaning on one machine only.
  const zone = text.indexOf('%')
  const bare = zone < 0 ? text : text.slice(0, zone)
  const halves = bare.split('::')
  if (halves.length > 2) return undefined
  const head = groups(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1]!, true) : []
  if (!head || !tail) return undefined
  const missing = 16 - head.length - tail.length
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(head, 0)
  bytes.set(tail, 16 - tail.length)
  return bytes
}

/** The bytes of `a:b:c` groups; where they end the address, the last may be a dotted IPv4 address. */
function groups(text: string, endsAddress: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (part.includes('.') && endsAddress && i === parts.length - 1) {
      const dotted = parseIpv4(part)
      if (!dotted) return undefined
      bytes.push(...dotted)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      const value = Number.parseInt(part, 16)
      bytes.push(value >> 8, value & 255)
    } else {
      return undefined
    }
  }
  return bytes
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
}

/** A CIDR range; a plain address is a range of one. */
export interface Range {
  readonly bytes: Uint8Array
  readonly bits: number
}

export function parseRange(text: string): Range | undefined {
  const [address, prefix, ...rest] = text.split('/')
  const bytes = parseAddress(address ?? '')
  if (!bytes || rest.length > 0) return undefined
  if (prefix === undefined) return { bytes, bits: bytes.length * 8 }
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bytes.length * 8) return undefined
  return { bytes, bits: Number(prefix) }
}

export function isCidr(text: string): boolean {
  return parseRange(text) !== undefined
}

export function inRange(address: Uint8Array, range: Range): boolean {
  if (address.length !== range.bytes.length) return false
  for (let bit = 0; bit < range.bits; bit += 8) {
    const mask = range.bits - bit >= 8 ? 255 : (255 << (8 - (range.bits - bit))) & 255
    const i = bit >> 3
    if ((address[i]! & mask) !== (range.bytes[i]! & mask)) return false
  }
  return true
}

const LOOPBACK = ['127.0.0.0/8', '::1']
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fe80::/10']

/** More ranges without a route on the internet: link-local addresses, networks of carriers and overlays. */
const UNROUTED = ['169.254.0.0/16', '100.64.0.0/10', '0.0.0.0/8', '::/128']

const NOT_PUBLIC = [...LOOPBACK, ...PRIVATE, ...UNROUTED].map((item) => parseRange(item)!)

/** Whether a text is a name, or an address that everybody on the internet can reach. */
export function isPublicAddress(text: string): boolean {
  return !isInRanges(text, NOT_PUBLIC)
}

/** The ranges behind a `--trusted-proxies` list, its words `loopback` and `private` included. */
export function proxyRanges(items: readonly string[]): Range[] {
  return items
    .flatMap((item) =>
      item === 'loopback' ? LOOPBACK : item === 'private' ? [...LOOPBACK, ...PRIVATE] : [item],
    )
    .map((item) => parseRange(item))
    .filter((range) => range !== undefined)
}

/**
 * The client's address: the peer's own, or behind trusted proxies the nearest address in X-Forwarded-For
 * that is not itself a trusted proxy. What lies further left was written by strangers.
 */
export function clientAddress(
  peer: string,
  forwarded: string | null,
  trusted: readonly Range[],
): string {
  if (forwarded === null || trusted.length === 0) return peer
  let client = peer
  const hops = forwarded.split(',')
  while (isInRanges(client, trusted)) {
    const hop = hops.pop()?.trim()
    if (!hop) break
    const bare = stripPort(hop)
    if (!parseAddress(bare)) break
    client = bare
  }
  return client
}

/** Whether the text is an address in one of the ranges. */
export function isInRanges(text: string, ranges: readonly Range[]): boolean {
  const address = parseAddress(text)
  return address !== undefined && ranges.some((range) => inRange(address, range))
}

/** Some proxies write `1.2.3.4:567` or `[2001:db8::1]:567`. */
function stripPort(hop: string): string {
  return /^\[([^\]]+)\](:\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop
}

/** What limits count by: an IPv4 address, or the /64 of an IPv6 address, which one customer holds. */
export function limitKey(address: string): string {
  if (!address.includes(':')) return address
  const bytes = parseAddress(address)
  if (!bytes) return address
  if (bytes.length === 4) return bytes.join('.')
  const words = [0, 2, 4, 6].map((i) => ((bytes[i]! << 8) | bytes[i + 1]!).toString(16))
  return `${words.join(':')}::/64`
}
