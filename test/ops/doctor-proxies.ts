/** Small real proxies with one fault each, certificates made on the spot, and shorthands for `doctor`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { type Options, examine } from '../../src/ops/doctor/doctor.ts'
import type { Finding } from '../../src/ops/doctor/finding.ts'
import { testConfig } from '../support/server.ts'

/** What a proxy does with the head of a request: pass these lines on, or answer these bytes itself. */
export type HeadRule = (head: string) => { readonly pass: string } | { readonly answer: string }

export interface ProxyOptions {
  /** Port of the server behind the proxy. */
  readonly to: number
  readonly head?: HeadRule
  /** Changes the first bytes of the reply. */
  readonly reply?: (bytes: string) => string
  /** Idle time after which a connection is cut. */
  readonly cutAfterMs?: number
  /** Bytes of its own that it sends to the client every 50 ms after the upgrade. */
  readonly afterUpgrade?: Uint8Array
  readonly tls?: Readonly<Pick<tls.TlsOptions, 'cert' | 'key' | 'ALPNProtocols'>>
}

export interface Proxy {
  readonly port: number
  /** Bytes that clients sent after the head. */
  readonly received: Buffer[]
  stop(): void
}

/** Listens on loopback; `stop` also ends what is still open. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const open = new Set<net.Socket>()
  const received: Buffer[] = []
  const onClient = (client: net.Socket) => {
    open.add(client)
    client.on('close', () => open.delete(client))
    client.on('error', () => client.destroy())
    serveClient(client, options, received)
  }
  const server = options.tls
    ? tls.createServer({ ...options.tls }, onClient)
    : net.createServer(onClient)
  const port = await listen(server)
  return {
    port,
    received,
    stop: () => {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}

/** Starts any server of node:net on a free port of 127.0.0.1. */
export function listen(server: net.Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port))
  })
}

function serveClient(client: net.Socket, options: ProxyOptions, received: Buffer[]): void {
  let head = ''
  client.on('data', function onHead(chunk: Buffer) {
    head += chunk.toString('latin1')
    if (!head.includes('\r\n\r\n')) return
    client.off('data', onHead)
    const ruled = options.head?.(head) ?? { pass: head }
    if ('answer' in ruled) client.end(ruled.answer)
    else tunnel(client, ruled.pass, options, received)
  })
}

function tunnel(
  client: net.Socket,
  head: string,
  { to, reply, cutAfterMs, afterUpgrade }: ProxyOptions,
  received: Buffer[],
): void {
  const behind = net.connect(to, '127.0.0.1', () => behind.write(Buffer.from(head, 'latin1')))
  let timer: ReturnType<typeof setTimeout> | undefined
  let ticker: ReturnType<typeof setInterval> | undefined
  const cut = () => {
    clearTimeout(timer)
    clearInterval(ticker)
    client.destroy()
    behind.destroy()
  }
  const moved = () => {
    if (cutAfterMs === undefined) return
    clearTimeout(timer)
    timer = setTimeout(cut, cutAfterMs)
  }
  moved()
  let isFirst = true
  behind.on('data', (chunk: Buffer) => {
    moved()
    const text = chunk.toString('latin1')
    client.write(isFirst && reply ? Buffer.from(reply(text), 'latin1') : chunk)
    if (isFirst && afterUpgrade && text.startsWith('HTTP/1.1 101')) {
      ticker = setInterval(() => client.write(afterUpgrade), 50)
    }
    isFirst = false
  })
  client.on('data', (chunk: Buffer) => {
    moved()
    received.push(chunk)
    behind.write(chunk)
  })
  for (const socket of [client, behind]) {
    socket.on('error', cut)
    socket.on('close', cut)
  }
}

/** nginx puts its own name into the reply of whatever is behind it. */
export function asNginx(bytes: string): string {
  return bytes.replace(/\r\nserver: [^\r\n]*/i, '').replace('\r\n', '\r\nServer: nginx/1.22.1\r\n')
}

/** A complete reply that the proxy writes by itself. */
export function page(status: string, body: string, headers: readonly string[] = []): string {
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** What nginx does by default. */
export const dropUpgrade: HeadRule = (head) => ({
  pass: head
    .replace(/\r\nUpgrade: [^\r\n]*/i, '')
    .replace(/\r\nConnection: [^\r\n]*/i, '\r\nConnection: close'),
})

export function isUpgrade(head: string): boolean {
  return /\r\nUpgrade: websocket/i.test(head)
}

/** All findings about a public address, with short timeouts. */
export async function diagnose(
  url: string,
  options: Options = {},
  flags: Readonly<Record<string, string>> = {},
): Promise<Finding[]> {
  const found: Finding[] = []
  const settings = { idleSeconds: 0, timeoutMs: 5000, ...options, url }
  for await (const finding of examine(testConfig({ data: tmpdir(), ...flags }), settings))
    found.push(finding)
  return found
}

/** The findings of one check, as `verdict: message`. */
export function lines(findings: readonly Finding[], check: string): string[] {
  return findings.filter((f) => f.check === check).map((f) => `${f.verdict}: ${f.message}`)
}

export function only(findings: readonly Finding[], check: string): Finding {
  const found = findings.filter((finding) => finding.check === check)
  if (found.length !== 1) throw new Error(`${check}: ${JSON.stringify(findings)}`)
  return found[0]!
}

export interface Certificates {
  readonly folder: string
  /** PEM text of a file in the folder. */
  read(name: string): string
  path(name: string): string
}

/**
 * An authority, and certificates of it for `localhost`: `leaf`, `chain` (with the authority), `expired`,
 * `other` (another name); and `own`, which is self-signed. Undefined where there is no openssl.
 */
export function makeCertificates(folder: string): Certificates | undefined {
  if (Bun.which('openssl') === null) return undefined
  const openssl = (...args: string[]) => {
    const run = Bun.spawnSync(['openssl', ...args], { cwd: folder, stderr: 'pipe' })
    return run.exitCode === 0
  }
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const path = (name: string) => join(folder, name)
  const sign = (name: string, dns: string, ...dates: string[]) => {
    writeFileSync(path('names'), `subjectAltName=DNS:${dns},IP:127.0.0.1\n`)
    const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
    const files = ['-in', 'leaf.csr', '-out', `${name}.pem`, '-extfile', 'names']
    return openssl('x509', '-req', ...issuer, ...files, ...dates)
  }
  const authority = (name: string, subject: string) =>
    openssl(
      'req',
      '-x509',
      ...ec,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-subj',
      subject,
    )
  authority('ca', '/CN=Test CA')
  authority('own', '/CN=localhost')
  openssl('req', ...ec, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=localhost')
  sign('leaf', 'localhost', '-days', '30')
  sign('soon', 'localhost', '-days', '5')
  sign('other', 'other.test', '-days', '30')
  // Newer versions refuse a negative count of days and take dates instead.
  const isExpired =
    sign('expired', 'localhost', '-days', '-1') ||
    sign('expired', 'localhost', '-not_before', '20200101000000Z', '-not_after', '20210101000000Z')
  if (!isExpired || !existsSync(path('leaf.pem'))) return undefined
  const read = (name: string) => readFileSync(path(name), 'utf8')
  writeFileSync(path('chain.pem'), read('leaf.pem') + read('ca.pem'))
  return { folder, read, path }
}
