/** Whether an API key is one of ours, and whether it and its app are in a state to be used. */
import type { SettledDate } from '../core/time/settled-date.ts'
import { type Failure, type Result, fail, failure, ok } from '../failure.ts'
import { appRefusal, originRefusal, tlsRefusal } from '../policy/app-state.ts'
import { parseApiKey, secretIndexOf } from './api-key.ts'
import type { Directory, DirectoryKey } from './directory.ts'

/** What a request says of the connection that it came over. */
export interface RequestContext {
  /** Whether it came over TLS. */
  readonly secure: boolean
  /** Origin of the page that makes it; null for a program. */
  readonly origin: string | null
}

export interface FoundKey {
  readonly key: DirectoryKey
  /** Index of the presented secret: 0 for the current one, 1 for the old one. */
  readonly secretIndex: number
}

/** The key that a text is, with its secret; says nothing yet about its state. */
export function findApiKey(text: string, directory: Directory): Result<FoundKey> {
  const parsed = parseApiKey(text)
  if (!parsed.ok) return parsed
  const { appId, keyName, secret } = parsed.value
  const key = directory.key(keyName)
  // SDKs must not take an unknown app for one that merely lacks the key (RSA4, as tested in
  // uts/rest/integration/auth.md of github.com/ably/specification).
  if (!key) return fail(directory.app(appId) ? 'key_not_in_app' : 'credentials_wrong')
  const secretIndex = secretIndexOf(key.secrets, secret)
  return secretIndex === undefined ? fail('credentials_wrong') : ok({ key, secretIndex })
}

/** Why a key cannot be used now, over this kind of connection; only for those who have shown that they may know. */
export function refusalToUse(
  key: DirectoryKey,
  directory: Directory,
  { secure, origin }: RequestContext,
  date: Pick<SettledDate, 'now'>,
): Failure | undefined {
  const app = directory.app(key.appId)
  if (!app || key.status !== 'enabled') return failure('key_revoked')
  return (
    appRefusal(app, () => date.now()) ??
    tlsRefusal(app, secure, 'app') ??
    originRefusal(app, origin)
  )
}
