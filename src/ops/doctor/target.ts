/** The public address that clients use, taken apart for raw connections. */
import { isIP } from 'node:net'

export interface Target {
  /** Whether the address is https or wss. */
  readonly secure: boolean
  /** Host name or address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** Sub-path without a trailing slash; empty at the root. */
  readonly path: string
  /** Value of the Host header. */
  readonly authority: string
  /** What a page served from here sends as Origin. */
  readonly origin: string
}

/** Takes `http`, `https`, `ws` and `wss`; undefined when the text is no such address. */
export function parseTarget(text: string): Target | undefined {
  const url = URL.parse(text)
  if (!url || !/^(https?|wss?):$/.test(url.protocol) || !HOST.test(url.hostname)) return undefined
  const secure = url.protocol === 'https:' || url.protocol === 'wss:'
  // A ws address may be a client's own, channel and all: `wss://my.host/c/room`.
  const path = url.protocol.startsWith('ws')
    ? url.pathname.replace(/\/c(\/.*)?$/, '')
    : url.pathname
  return {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: path.replace(/\/+$/, '').replaceAll(UNUSUAL, percentEncoded),
    authority: url.host,
    origin: `${secure ? 'https' : 'http'}://${url.host}`,
  }
}

/** Names and addresses. Others are no hosts, and what is said of them is copied into commands and configurations. */
const HOST = /^[\w.-]+$|^\[[\da-f:.]+\]$/i

/** What a path need not hold as it is, and a configuration might take for its own. */
const UNUSUAL = /[^\w.~%/@:+,-]/g

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || host.startsWith('127.')
  )
}

/** Name for SNI and certificate checks; addresses have none (RFC 6066, section 3). */
export function serverName(target: Target): string {
  return isIP(target.host) === 0 ? target.host : ''
}

/** The address as the user knows it. */
export function targetUrl(target: Target, path = ''): string {
  return `${target.origin}${target.path}${path}`
}
