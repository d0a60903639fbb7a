/** Code to copy, with this server's own address, and with the options that keep SDKs from the traps they are known for. */
import ably from './code/ably.txt' with { type: 'text' }
import go from './code/go.txt' with { type: 'text' }
import itty from './code/itty.txt' with { type: 'text' }
import plain from './code/plain.txt' with { type: 'text' }
import publish from './code/publish.txt' with { type: 'text' }
import push from './code/push.txt' with { type: 'text' }
import python from './code/python.txt' with { type: 'text' }
import reconnect from './code/reconnect.txt' with { type: 'text' }

/** Where clients find the server. */
export interface Target {
  /** Such as `https://my.host/realtime`, without a slash at the end. */
  readonly url: string
  /** `appId.keyId` of the key to write into the code, or an example. */
  readonly keyName: string
  /** A channel that exists nowhere else in the code. */
  readonly channel: string
}

interface ServerAddress {
  readonly http: string
  readonly sockets: string
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** What could end a text in quotes, in a language or in a shell, as an address has it too. */
const QUOTING = /['"`$\\]/g

function addressIn(target: Target): ServerAddress {
  const url = target.url.replaceAll(QUOTING, percentEncoded)
  const { protocol, hostname, port } = new URL(url)
  const tls = protocol === 'https:'
  return {
    http: url,
    sockets: url.replace(/^http/, 'ws'),
    host: hostname,
    port: port === '' ? (tls ? 443 : 80) : Number(port),
    tls,
  }
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

/** Puts the address into a text; what no part of it is called stays, as braces of JSON do. */
function filled(text: string, target: Target): string {
  const address = addressIn(target)
  const parts: Readonly<Record<string, string>> = {
    ...target,
    http: address.http,
    sockets: address.sockets,
    host: address.host,
  }
  return text.trimEnd().replaceAll(/\{(\w+)\}/g, (whole, name: string) => parts[name] ?? whole)
}

type Language = 'js' | 'python' | 'go'

/** Where the server is, as Ably's SDKs want it, a line each. */
const SERVER: Readonly<Record<Language, (address: ServerAddress) => readonly string[]>> = {
  js: ({ host, tls, port }) => [
    `endpoint: '${host}',`,
    ...(tls ? [`tlsPort: ${port},`] : [`port: ${port},`, 'tls: false,']),
  ],
  python: ({ host, tls, port }) => {
    if (port === (tls ? 443 : 80)) return [`endpoint='${host}',`, ...(tls ? [] : ['tls=False,'])]
    return [
      '# AblyRealtime takes the port with the name; AblyRest wants port= or tls_port= for it.',
      `endpoint='${host}:${port}',`,
      ...(tls ? [] : ['tls=False,']),
    ]
  },
  go: ({ host, tls, port }) => [
    `ably.WithEndpoint("${host}"),`,
    ...(tls
      ? [`ably.WithTLSPort(${port}),`]
      : [
          `ably.WithPort(${port}),`,
          'ably.WithTLS(false),',
          'ably.WithInsecureAllowBasicAuthWithoutTLS(),',
        ]),
  ],
}

/** Code for one of Ably's SDKs. */
function forAbly(text: string, language: Language, target: Target): string {
  const lines = SERVER[language](addressIn(target))
  const indented = text.replace(/^(\s*)\{server\}/m, (_, indent: string) =>
    lines.map((line) => indent + line).join('\n'),
  )
  return filled(indented, target)
}

/** For itty-sockets 0.6 to 0.9. */
export function ittySnippet(target: Target): string {
  return filled(itty, target)
}

/** The client does not come back by itself. */
export const RECONNECT_SNIPPET = reconnect.trimEnd()

/** Any WebSocket client will do. */
export function plainSnippet(target: Target): string {
  return filled(plain, target)
}

/** For ably-js 2. */
export function ablySnippet(target: Target): string {
  return forAbly(ably, 'js', target)
}

/** For ably-python 3. */
export function pythonSnippet(target: Target): string {
  return forAbly(python, 'python', target)
}

/** For ably-go 1. */
export function goSnippet(target: Target): string {
  return forAbly(go, 'go', target)
}

/** What every SDK calls by these or very similar names. */
export function ablyFacts(target: Target): readonly (readonly [name: string, value: string])[] {
  const { host, port, tls } = addressIn(target)
  return [
    ['endpoint', host],
    [tls ? 'tlsPort' : 'port', String(port)],
    ['tls', String(tls)],
    ['key', `${target.keyName}:SECRET`],
  ]
}

/** Sends on a reserved channel of the commons. */
export function pushSnippet(target: Target): string {
  return filled(push, target)
}

/** Sends on a channel of an app. */
export function publishSnippet(target: Target): string {
  return filled(publish, target)
}

/** What will not work with this address, in words; empty where everything will. */
export function trapsOf(target: Target): string[] {
  const { host, tls } = addressIn(target)
  const isLocal = host === 'localhost' || /^127\.|^\[?::1/.test(host)
  const traps: string[] = []
  if (!host.includes('.') && !host.includes(':') && host !== 'localhost')
    traps.push(
      `Ably’s SDKs take ${host}, a name without a dot, for a name of Ably’s own service, and would send your keys there. Give this server a name with a dot, or write ${host}. with a dot behind it.`,
    )
  if (!tls && !isLocal)
    traps.push(
      'This address is not encrypted, so keys travel in the clear; Ably’s SDKs may refuse to send them. Put a proxy with a certificate in front, or start the server with --tls-cert.',
    )
  if (new URL(target.url).pathname !== '/')
    traps.push(
      'Ably’s SDKs know no path in front of their own: under a base path, only clients of itty-sockets connect.',
    )
  return traps
}
