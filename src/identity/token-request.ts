/**
 * Requests for tokens as SDKs make them, and their signature (RSA9). What is signed is the text of each
 * field as it was sent, so numbers are kept as the digits that came. Each ends with a line break, so none may hold
 * one: whoever chooses a client id that somebody else signs could choose what follows it too.
 */
import { createHmac } from 'node:crypto'
import { type Result, fail, ok } from '../failure.ts'
import { isSameText } from './api-key.ts'

const NUMBER = /^-?\d{1,16}(\.\d{1,16})?([eE][+-]?\d{1,3})?$/
const CONTROL = /\p{Cc}/u
const SIGNED_FIELDS = ['keyName', 'ttl', 'capability', 'clientId', 'timestamp', 'nonce'] as const
type SignedField = (typeof SIGNED_FIELDS)[number]

export interface TokenRequest {
  readonly keyName: string | undefined
  /** Milliseconds; undefined for the default. */
  readonly ttl: number | undefined
  /** JSON text, not yet read; undefined for all that the key may. */
  readonly capability: string | undefined
  readonly clientId: string | undefined
  /** What there is only in a signed request. */
  readonly signed: Signed | undefined
}

export interface Signed {
  readonly mac: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly nonce: string
  /** What may have been signed; the second for SDKs that sign a zero as nothing. */
  readonly texts: readonly string[]
}

/** The digits of a number in JSON, which the number itself does not always give back. */
class Digits {
  constructor(readonly text: string) {}
}

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown
const keepDigits: Reviver = (_, value, context) =>
  typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value

/** Reads the JSON text of a body. */
export function parseTokenRequest(json: string): Result<TokenRequest> {
  let body: unknown
  try {
    body = JSON.parse(json, keepDigits)
  } catch {
    return fail('bad_request', 'the body is not valid JSON')
  }
  return readTokenRequest(body)
}

/**
 * Reads a body after MessagePack, whose numbers have one text, or the fields of a form, which are texts.
 * Unknown members are no fault; those that are null count as absent.
 */
export function readTokenRequest(body: unknown): Result<TokenRequest> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return fail('bad_request', 'the body is not an object')
  const fields = readFields(body as Record<string, unknown>)
  if (!fields.ok) return fields
  const { keyName, ttl, capability, clientId, mac } = fields.value
  const odd = mac === undefined ? undefined : oddField(fields.value)
  if (odd)
    return wrong(odd, 'has a control character, or half of one, which no signed field may have')
  const lifetime = readNumber('ttl', ttl)
  if (!lifetime.ok) return lifetime
  const signed = mac === undefined ? ok(undefined) : readSigned(fields.value, mac)
  if (!signed.ok) return signed
  return ok({
    keyName,
    ttl: lifetime.value === 0 ? undefined : lifetime.value,
    capability: capability === '' ? undefined : capability,
    clientId,
    signed: signed.value,
  })
}

type Fields = Partial<Record<SignedField | 'mac', string>>

function readFields(body: Readonly<Record<string, unknown>>): Result<Fields> {
  const fields: Fields = {}
  for (const name of [...SIGNED_FIELDS, 'mac'] as const) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined
    if (value === undefined || value === null) continue
    const text = textOf(value, name === 'ttl' || name === 'timestamp')
    if (text === undefined) return wrongType(name)
    fields[name] = text
  }
  if (fields.clientId === '') return fail('client_id_invalid', 'the client id is empty')
  if (fields.clientId?.isWellFormed() === false)
    return wrong('clientId', 'holds half of a surrogate pair')
  return ok(fields)
}

function textOf(value: unknown, mayBeNumber: boolean): string | undefined {
  if (typeof value === 'string') return value
  if (!mayBeNumber) return undefined
  if (value instanceof Digits) return value.text
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined
}

function wrongType<T>(name: SignedField | 'mac'): Result<T> {
  if (name === 'clientId') return wrong(name, 'is not a string')
  if (name === 'capability') return wrong(name, 'is not a string of JSON')
  return wrong(name, name === 'ttl' ? 'is not a number of milliseconds' : 'has the wrong type')
}

function wrong<T>(name: SignedField | 'mac', what: string): Result<T> {
  if (name === 'clientId') return fail('client_id_invalid', `the client id ${what}`)
  if (name === 'capability') return fail('capability_invalid', `the capability ${what}`)
  return fail(name === 'ttl' ? 'ttl_invalid' : 'parameter_invalid', `"${name}" ${what}`)
}

/** A whole number, in whichever way it is written; undefined if there is none. */
function readNumber(
  name: 'ttl' | 'timestamp',
  text: string | undefined,
): Result<number | undefined> {
  if (text === undefined || text === '') return ok(undefined)
  const value = NUMBER.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? ok(value) : wrong(name, 'is not a number of milliseconds')
}

/** Halves of a surrogate pair are signed as one and the same character, so a signature of them fits several texts. */
function oddField(fields: Fields): SignedField | undefined {
  const isOdd = (text: string) => CONTROL.test(text) || !text.isWellFormed()
  return SIGNED_FIELDS.find((name) => isOdd(fields[name] ?? ''))
}

function readSigned(fields: Fields, mac: string): Result<Signed> {
  const timestamp = readNumber('timestamp', fields.timestamp)
  if (!timestamp.ok) return timestamp
  if (timestamp.value === undefined)
    return fail('parameter_invalid', 'a signed token request needs a timestamp')
  // RSA9c has clients make it of 16 characters or more, which is for them to do: of any length it counts once.
  const { nonce } = fields
  if (nonce === undefined || nonce === '')
    return fail('parameter_invalid', 'a signed token request needs a nonce')
  const zero = fields.ttl !== undefined && Number(fields.ttl) === 0
  const texts = [signedText(fields), ...(zero ? [signedText({ ...fields, ttl: '' })] : [])]
  return ok({ mac, timestamp: timestamp.value, nonce, texts })
}

function signedText(fields: Fields): string {
  return SIGNED_FIELDS.map((name) => `${fields[name] ?? ''}\n`).join('')
}

/** Whether a secret made the signature. */
export function isRequestSignedWith({ mac, texts }: Signed, secret: string): boolean {
  return texts.some((text) => isSameText(requestMac(text, secret), mac))
}

function requestMac(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64')
}
