/** API keys as clients present them, `appId.keyId:secret` (RSA11), and the comparison of their secrets. */
import { timingSafeEqual } from 'node:crypto'
import { type Result, fail, ok } from '../failure.ts'

export interface ApiKeyText {
  readonly appId: string
  /** `appId.keyId` */
  readonly keyName: string
  readonly secret: string
}

/**
 * Splits at the first colon, and the name before it at the first dot.
 * @returns `credentials_wrong` for what names no app, as for an app that is not known, else `key_malformed`
 */
export function parseApiKey(text: string): Result<ApiKeyText> {
  const colon = text.indexOf(':')
  const keyName = colon < 0 ? text : text.slice(0, colon)
  const dot = keyName.indexOf('.')
  if (dot < 1) return fail('credentials_wrong', 'this is not an API key: it names no app')
  if (colon < 0) return fail('key_malformed', 'this is not an API key: it has no ":"')
  if (dot === keyName.length - 1 || colon === text.length - 1)
    return fail('key_malformed', 'this is not an API key of the form "appId.keyId:secret"')
  return ok({ appId: keyName.slice(0, dot), keyName, secret: text.slice(colon + 1) })
}

/**
 * Which of a key's secrets was presented: its index, or undefined.
 * The time depends on lengths only, which are the same for all secrets that are made here.
 */
export function secretIndexOf(secrets: readonly string[], presented: string): number | undefined {
  return secretIndexWhere(secrets, (secret) => isSameText(secret, presented))
}

/** The index of the first secret that fits; all are tried, so that the time does not tell which. */
export function secretIndexWhere(
  secrets: readonly string[],
  fits: (secret: string) => boolean,
): number | undefined {
  let secretIndex: number | undefined
  for (const [i, secret] of secrets.entries()) if (fits(secret)) secretIndex ??= i
  return secretIndex
}

/** Compares in a time that depends on the lengths only. */
export function isSameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}
