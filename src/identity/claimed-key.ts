/** Which key a request names, true or not: for logs, in which only a name may appear and never a secret. */
import { type Credential, findCredentials } from './credentials.ts'
import { looksLikeJwt, parseJwt } from './jwt.ts'
import { nativeKeyName } from './native-token.ts'

/** Shorter than any secret, which somebody may have written in the place of a name. */
const KEY_NAME = /^[A-Za-z0-9_-]{1,20}\.[A-Za-z0-9_-]{1,20}$/

/** The name of the key in the credentials of a request, if they look like any; unverified. */
export function claimedKeyName(headers: Headers, query: URLSearchParams): string | undefined {
  const found = findCredentials(headers, query)
  const name = found.ok && found.value.credential ? nameIn(found.value.credential) : undefined
  return name !== undefined && KEY_NAME.test(name) ? name : undefined
}

function nameIn({ kind, text }: Credential): string | undefined {
  if (kind === 'key') return text.slice(0, Math.max(text.indexOf(':'), 0))
  if (!looksLikeJwt(text)) return nativeKeyName(text)
  const jwt = parseJwt(text)
  return jwt.ok ? jwt.value.keyName : undefined
}
