/** Base64 from people's own code: either alphabet, with or without padding, and nothing else. */

const EITHER_ALPHABET = /^[A-Za-z0-9+/_-]*={0,2}$/
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @returns undefined for text that is not base64, or that ends in bits which stand for nothing */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!EITHER_ALPHABET.test(text)) return undefined
  const plain = toBase64Url(text)
  const bytes = Buffer.from(plain, 'base64url')
  return bytes.toString('base64url') === plain ? bytes : undefined
}

/** @returns undefined if it is not base64, or not of UTF-8 text */
export function decodeBase64Text(text: string): string | undefined {
  return decodePlain(text) ?? decodeStrictly(text)
}

const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/
const ASCII = /^[\0-\x7f]*$/

/** What nearly everybody sends: base64 of ASCII as programs write it. The way for all forms takes five times as long. */
function decodePlain(text: string): string | undefined {
  if (text.length % 4 !== 0 || !STANDARD.test(text)) return undefined
  const plain = atob(text)
  return ASCII.test(plain) && btoa(plain) === text ? plain : undefined
}

function decodeStrictly(text: string): string | undefined {
  const bytes = decodeBase64(text)
  if (!bytes) return undefined
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** The same in the alphabet for URLs, without padding, which is all that may follow an equals sign. */
export function toBase64Url(text: string): string {
  const padding = text.indexOf('=')
  const plain = padding < 0 ? text : text.slice(0, padding)
  return plain.replaceAll('+', '-').replaceAll('/', '_')
}
