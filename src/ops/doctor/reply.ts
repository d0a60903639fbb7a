/** HTTP/1.1 requests and replies over a raw connection, just enough to see who answered what. */
import type { Target } from './target.ts'
import type { Attempt, Parsed, RawConnection } from './raw-connection.ts'

export interface Reply {
  readonly status: number
  readonly reason: string
  /** By lower-case name; repeated headers joined by `, `. */
  readonly headers: ReadonlyMap<string, string>
  /** At most 64 KiB of text. */
  readonly body: string
}

const HEAD_LIMIT = 65_536
const BODY_LIMIT = 65_536

export interface Ask {
  readonly target: Target
  readonly path: string
  /** Whole lines, such as `Connection: close`. */
  readonly headers: readonly string[]
}

/** Sends one GET and reads the reply. A 101 has no body: what follows it stays unread. */
export async function ask(
  connection: RawConnection,
  { target, path, headers }: Ask,
  withinMs: number,
): Promise<Attempt<Reply>> {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${target.authority}`,
    'User-Agent: latchkey-doctor',
    'Accept: */*',
    ...headers,
  ]
  connection.write(`${lines.join('\r\n')}\r\n\r\n`)
  const head = await connection.take(parseHead, withinMs)
  if (!head.ok) return head
  if (head.value === undefined) {
    return { ok: false, trouble: { kind: 'garbled', code: garbledCode(connection.bytes) } }
  }
  const { status, reason, headers: received } = head.value
  if (status === 101 || status === 204 || status === 304) {
    return { ok: true, value: { status, reason, headers: received, body: '' } }
  }
  const body = await connection.take(bodyParser(received), withinMs)
  // A body that stops half way still tells who wrote it.
  const text = body.ok ? body.value : connection.bytes.subarray(0, BODY_LIMIT).toString('utf8')
  return { ok: true, value: { status, reason, headers: received, body: text } }
}

type Head = Omit<Reply, 'body'>

/** The value is undefined when the bytes are no HTTP/1 at all. */
export function parseHead(bytes: Buffer): Parsed<Head | undefined> | undefined {
  const start = bytes.subarray(0, 5).toString('latin1')
  if (!'HTTP/'.startsWith(start)) return { value: undefined, used: 0 }
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return bytes.length > HEAD_LIMIT ? { value: undefined, used: 0 } : undefined
  const [first = '', ...rest] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(first)
  if (!match) return { value: undefined, used: 0 }
  const headers = new Map<string, string>()
  for (const line of rest) {
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return {
    value: { status: Number(match[1]), reason: match[2] ?? '', headers },
    used: end + 4,
  }
}

function bodyParser(headers: ReadonlyMap<string, string>) {
  if (/\bchunked\b/i.test(headers.get('transfer-encoding') ?? '')) return parseChunks
  const length = headers.get('content-length')
  const wanted = length === undefined ? BODY_LIMIT : Math.min(Number(length) || 0, BODY_LIMIT)
  return (bytes: Buffer, ended: boolean): Parsed<string> | undefined =>
    bytes.length >= wanted || ended
      ? { value: bytes.subarray(0, wanted).toString('utf8'), used: Math.min(wanted, bytes.length) }
      : undefined
}

function parseChunks(bytes: Buffer, ended: boolean): Parsed<string> | undefined {
  const parts: Buffer[] = []
  let at = 0
  let total = 0
  while (total < BODY_LIMIT) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size =
      lineEnd === -1 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const isComplete = size === 0 || bytes.length >= lineEnd + 2 + size
    if (Number.isNaN(size) || !isComplete) {
      if (ended || (lineEnd !== -1 && Number.isNaN(size))) break
      return undefined
    }
    if (size === 0) break
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    total += size
    at = lineEnd + 4 + size
  }
  return { value: Buffer.concat(parts).toString('utf8'), used: bytes.length }
}

/** HTTP/2 servers open with a SETTINGS or GOAWAY frame: a length of three bytes, then type 4 or 7. */
function garbledCode(bytes: Buffer): string {
  const isHttp2 = bytes.length >= 9 && bytes[0] === 0 && (bytes[3] === 4 || bytes[3] === 7)
  return isHttp2 ? 'HTTP/1.1 but HTTP/2' : 'HTTP'
}

/** The reply in a few words: `404 from nginx/1.22.1, a page titled "Not Found"`. */
export function replyText(reply: Reply): string {
  const server = reply.headers.get('server')
  const title = /<title>([^<]{1,120})/i.exec(reply.body)?.[1]?.trim()
  return (
    `${reply.status}${reply.reason === '' ? '' : ` ${reply.reason}`}` +
    (server === undefined ? '' : ` from "${server.slice(0, 60)}"`) +
    (title === undefined ? '' : `, a page titled "${title}"`)
  )
}
