/** Says what somebody with a credential of an Ably client may do on a channel: an API key, its name, a token or a JWT. */
import { type Result, fail, ok } from '../../failure.ts'
import type { ApiKey } from '../apps/api-keys.ts'
import type { App } from '../apps/apps.ts'
import { parseKeyName } from '../apps/key-name.ts'
import { type KeyExplanation, explainKey } from './key-explanation.ts'
import type { Services } from '../services.ts'
import type { TokenExplanation } from '../tokens/tokens.ts'

export type CredentialExplanation =
  | { readonly kind: 'key'; readonly key: KeyExplanation }
  | { readonly kind: 'token'; readonly token: TokenExplanation }

export interface CredentialQuestion {
  readonly credential: string
  readonly channel: string
  readonly operation: string
}

type KeyServices = Pick<Services, 'apps' | 'apiKeys' | 'channelRules'>
type Question = Pick<CredentialQuestion, 'channel' | 'operation'>

/** Explains a key (with or without its secret), the name of a key, a token or a JWT. Those of apps that `maySee` refuses are answered as unknown. */
export async function explainCredential(
  services: Pick<Services, 'apps' | 'apiKeys' | 'channelRules' | 'tokens'>,
  { credential, channel, operation }: CredentialQuestion,
  maySee: (app: App) => boolean,
): Promise<Result<CredentialExplanation>> {
  const [name = '', ...rest] = credential.split(':')
  const question = { channel, operation }
  const called = services.apiKeys.named(credential, (appId) => {
    const app = services.apps.find(appId)
    return app.ok && maySee(app.value)
  })
  if (called.ok) return explainFoundKey(services, called.value, '', question)
  if (called.failure.name === 'key_ambiguous') return called
  const isKey = rest.length > 0 || (/^[^.]+\.[^.]+$/.test(name) && name.length < 32)
  if (isKey) return explainNamedKey(services, { name, secret: rest.join(':') }, question, maySee)
  const asked = await services.tokens.explain(credential, { channel, operation })
  if (!asked.ok) return asked
  const token = asked.value
  const app =
    token.key === undefined ? undefined : services.apps.find(parseKeyName(token.key).appId)
  const isHidden = app !== undefined && !(app.ok && maySee(app.value))
  if (isHidden) return fail('token_unrecognised')
  return ok({ kind: 'token', token })
}

function explainNamedKey(
  services: KeyServices,
  { name, secret }: { name: string; secret: string },
  question: Question,
  maySee: (app: App) => boolean,
): Result<CredentialExplanation> {
  const { appId, keyId } = parseKeyName(name)
  const app = services.apps.find(appId)
  if (!app.ok || app.value.id !== appId || !maySee(app.value)) return fail('key_not_found')
  const key = services.apiKeys.find(app.value, keyId)
  return key.ok ? explainFoundKey(services, key.value, secret, question) : key
}

function explainFoundKey(
  { apps, apiKeys, channelRules }: KeyServices,
  key: ApiKey,
  secret: string,
  { channel, operation }: Question,
): Result<CredentialExplanation> {
  const app = apps.find(key.appId)
  if (!app.ok) return fail('key_not_found')
  const answer = explainKey(app.value, key, channelRules.list(app.value), {
    channel,
    operation,
    secret: secret === '' ? undefined : apiKeys.secretStatus(key, secret),
  })
  return answer.ok ? ok({ kind: 'key', key: answer.value }) : answer
}
