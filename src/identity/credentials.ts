/** Finds the credential of a request of an Ably client, wherever it is carried (RSA3, RSA11, RTN2e). */
import { type Result, fail, ok } from '../failure.ts'
import { decodeBase64Text } from './base64-text.ts'
import { TextCache } from './text-cache.ts'

export type Credential =
  | { readonly kind: 'key'; readonly text: string }
  | { readonly kind: 'token'; readonly text: string }

export interface Credentials {
  /** Undefined if the request carries none. */
  readonly credential: Credential | undefined
  /** The client id that the request claims for itself. */
  readonly clientId: string | undefined
}

const TOKEN_PARAMETERS = ['access_token', 'accessToken', 'token'] as const
const PRINTABLE = /^[\x21-\x7e]+$/

/** Parsed headers by their text, valid or not: parsing costs as much as everything else about a known credential. */
const readLately = new TextCache<Result<Credential>>(1_000_000)
const keysLately = new TextCache<Credential>(100_000)

/** A header counts before the query, and a token in the query before a key. */
export function findCredentials(headers: Headers, query: URLSearchParams): Result<Credentials> {
  const authorization = headers.get('authorization')
  const credential: Result<Credential | undefined> =
    authorization === null ? ok(inQuery(query)) : inHeader(authorization)
  if (!credential.ok) return credential
  const clientId = claimedClientId(headers, query)
  return clientId.ok ? ok({ credential: credential.value, clientId: clientId.value }) : clientId
}

function inQuery(query: URLSearchParams): Credential | undefined {
  for (const name of TOKEN_PARAMETERS) {
    const text = query.get(name)
    if (text !== null) return { kind: 'token', text }
  }
  const text = query.get('key')
  return text === null ? undefined : keyCredential(text)
}

/** Many connections have one key, and each keeps its credential: they share the object and its text. */
function keyCredential(text: string): Credential {
  const known = keysLately.get(text)
  if (known) return known
  const credential: Credential = { kind: 'key', text }
  keysLately.set(text, credential)
  return credential
}

function inHeader(header: string): Result<Credential> {
  const known = readLately.get(header)
  if (known) return known
  const credential = readHeader(header)
  readLately.set(header, credential)
  return credential
}

function readHeader(header: string): Result<Credential> {
  const space = header.indexOf(' ')
  const scheme = space < 0 ? header : header.slice(0, space)
  const value = space < 0 ? '' : header.slice(space).trim()
  switch (scheme.toLowerCase()) {
    case 'basic': {
      const text = decodeBase64Text(value)
      return text === undefined
        ? fail('credentials_malformed', 'the Authorization header is not base64 of an API key')
        : ok({ kind: 'key', text })
    }
    case 'bearer':
      return ok({ kind: 'token', text: bearerToken(value) })
    default:
      return fail('credentials_missing', 'the Authorization header is neither Basic nor Bearer')
  }
}

/** SDKs send base64 of the token, people the token itself. Only the former can be base64 of something with a dot. */
function bearerToken(value: string): string {
  const decoded = decodeBase64Text(value)
  return decoded !== undefined && decoded.includes('.') && PRINTABLE.test(decoded) ? decoded : value
}

/** The header's is in base64, because a header cannot carry every character (RSA7e2). */
function claimedClientId(headers: Headers, query: URLSearchParams): Result<string | undefined> {
  const header = headers.get('x-ably-clientid')
  const clientId = header === null ? query.get('clientId') : decodeBase64Text(header)
  if (clientId === undefined)
    return fail('client_id_invalid', 'the header X-Ably-ClientId is not base64 of UTF-8 text')
  if (clientId === '') return fail('client_id_invalid', 'the client id is empty')
  return ok(clientId ?? undefined)
}
