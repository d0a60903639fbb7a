/**
 * Removes secrets that somebody put in the wrong place: an API key as a channel name, a token in a path. Texts of
 * strangers pass here before others read them. Secrets are recognised by their form, so keys that people made
 * up are not found; those are only in queries, headers and bodies, which are never shown.
 */

/** Replaces a secret. */
export const HIDDEN = '[secret]'

/** The secrets that this server makes, and those of SDKs, have at least so many characters. */
const SHORTEST = 16

/** A run of characters that may be a secret and its name. Matching takes linear time. */
const WORDS = /[\w\-.:%]{16,}/g
const PARTS = /[\w-]+|[^\w-]/g

/** The text without what looks like an API key, a token, a session or a made key; names of keys stay. */
export function withoutSecrets(text: string): string {
  if (text.length < SHORTEST) return text
  return text.replaceAll(WORDS, (word) => {
    const plain = word.includes('%') ? decoded(word) : word
    const shown = shownParts(plain)
    return shown === plain ? word : shown
  })
}

/** Undoes nested escapes too, since paths may be encoded more than once. */
function decoded(word: string): string {
  let text = word
  for (let i = 0; i < 3 && text.includes('%'); i++)
    text = text.replaceAll(/%([2-7][0-9a-f])/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    )
  return text
}

function shownParts(word: string): string {
  const parts = word.match(PARTS) ?? []
  return parts.map((part, at) => (isHidden(parts, at) ? HIDDEN : part)).join('')
}

function isHidden(parts: readonly string[], at: number): boolean {
  const part = parts[at]!
  if (part.length < SHORTEST) return isJwtPart(parts, at)
  return (
    isJwtPart(parts, at) ||
    isKeySecret(parts, at) ||
    isNativeToken(parts, at) ||
    (PREFIXED.test(part) && hasBothCases(part)) ||
    isRandom(part)
  )
}

/** `appId.keyId:secret` (RSA11). */
function isKeySecret(parts: readonly string[], at: number): boolean {
  if (parts[at - 1] !== ':' || parts[at - 3] !== '.') return false
  const [app, key, secret] = [parts[at - 4] ?? '', parts[at - 2]!, parts[at]!]
  // Ids below a name often look like this, and most have letters of one case.
  if (app === '' || !hasBothCases(secret)) return false
  if (secret.length >= LONG) return changes(secret) >= 0.25
  // Ids of apps and keys have six characters, and hardly ever look like two words.
  const isName = ID.test(app) && ID.test(key) && !WORD.test(app + key)
  if (isName) return changes(secret) >= 0.25
  return secret.length >= 30 && /\d/.test(secret) && changes(secret) >= 0.35
}

const ID = /^[A-Za-z0-9_-]{6}$/
const WORD = /^[a-z-]+$/

/** `appId.<base64url>`, of which the first byte is a version. */
function isNativeToken(parts: readonly string[], at: number): boolean {
  return parts[at - 1] === '.' && parts[at]!.length >= 60 && changes(parts[at]!) >= 0.25
}

/** `header.payload.signature`, of which the first begins `{"` (RFC 7519); a part of it says as much as the whole. */
function isJwtPart(parts: readonly string[], at: number): boolean {
  for (const head of [at, at - 2, at - 4]) {
    const between = parts.slice(Math.max(head, 0) + 1, at).filter((_, i) => i % 2 === 0)
    if (!(parts[head] ?? '').startsWith('eyJ') || between.some((part) => part !== '.')) continue
    if (head < at || (parts[head + 1] === '.' && parts[head]!.length >= SHORTEST)) return true
  }
  return false
}

/** Access tokens and tokens of devices begin with a prefix of their kind. */
const PREFIXED = /^(lk_|device-)[\w-]{43}$/

/** Sessions, links, secrets alone and encoded credentials are this long, made keys of reservations exactly so. */
const LONG = 40
/** Addresses of wallets are this long, too, with capitals for a checksum (https://eips.ethereum.org/EIPS/eip-55). */
const HEX = /^(0x)?[\da-fA-F]+$/
const CHANNEL_KEY = /^[A-Za-z0-9]{24}$/

function isRandom(part: string): boolean {
  if (part.length < LONG && !CHANNEL_KEY.test(part)) return false
  if (!hasBothCases(part) || HEX.test(part)) return false
  if (part.length >= 60) return changes(part) >= 0.25
  // Nearly all secrets have a digit; without one it is more likely words with capitals.
  return changes(part) >= (/\d/.test(part) ? 0.35 : 0.5)
}

/** Digests, UUIDs and words have letters of one case. */
function hasBothCases(part: string): boolean {
  return /[a-z]/.test(part) && /[A-Z]/.test(part)
}

/** How often the kind of character changes, from 0 to 1: about 0.6 in random text, half as often in words. */
function changes(part: string): number {
  let count = 0
  for (let i = 1; i < part.length; i++) if (kindAt(part, i) !== kindAt(part, i - 1)) count++
  return count / (part.length - 1)
}

function kindAt(part: string, at: number): number {
  const code = part.charCodeAt(at)
  if (code >= 97) return 0
  if (code >= 65) return code === 95 ? 3 : 1
  return code >= 48 ? 2 : 3
}

/** Longer texts are cut, because strangers decide how long their names are. Stacks of errors are shorter. */
const MAX_SHOWN = 4000

/** A text for logs and lists of refusals: without secrets, and of bounded length. */
export function shownText(text: string): string {
  return withoutSecrets(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text)
}

/** Plain data with every text as `shownText` gives it. Names of fields are ours and stay. */
export function fieldsWithoutSecrets(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, shownValue(value)]),
  )
}

function shownValue(value: unknown): unknown {
  if (typeof value === 'string') return shownText(value)
  if (Array.isArray(value)) return value.map(shownValue)
  if (value instanceof Error) return shownText(value.message)
  return typeof value === 'object' && value !== null ? fieldsWithoutSecrets(value) : value
}
