/** Reads which API key a command is about, and the capability that it sets. */
import { type Result, fail, ok } from '../failure.ts'
import type { ApiKey, ApiKeyChange, CapabilityWish } from '../service/apps/api-keys.ts'
import type { App } from '../service/apps/apps.ts'
import type { Services } from '../service/services.ts'
import type { CommandContext, OptionSpec } from './command.ts'
import { failed, withServices } from './with-services.ts'

export const KEY_OPTIONS: readonly OptionSpec[] = [
  { name: 'name', value: 'NAME', description: 'What it is for' },
  {
    name: 'privileges',
    value: 'LIST',
    description: 'Operations such as publish,subscribe (default for a new key: all)',
  },
  {
    name: 'channels',
    value: 'LIST',
    description: "Channels such as general,'public:*' (default for a new key: *)",
  },
  {
    name: 'capability',
    value: 'JSON',
    description: 'Instead of the two: operations by channel, as JSON',
  },
  {
    name: 'revocable-tokens',
    value: undefined,
    description: 'Tokens made with it can be revoked, and last an hour at most',
  },
]

type Options = Readonly<Record<string, string>>

export function readKeyChange(options: Options): Result<ApiKeyChange> {
  const { name } = options
  const revocable = options['revocable-tokens']
  const capability = readCapabilityWish(options)
  if (!capability.ok) return capability
  return ok({
    ...(name !== undefined && { name }),
    ...(capability.value && { capability: capability.value }),
    ...(revocable !== undefined && { revocableTokens: revocable === 'true' }),
  })
}

function readCapabilityWish({
  privileges,
  channels,
  capability,
}: Options): Result<CapabilityWish | undefined> {
  if (capability === undefined) {
    if (privileges === undefined && channels === undefined) return ok(undefined)
    const names = privileges === 'all' ? ['*'] : words(privileges)
    return ok({ privileges: names, channels: words(channels) })
  }
  if (privileges !== undefined || channels !== undefined) {
    return fail('invalid', '--capability cannot be combined with --privileges or --channels')
  }
  try {
    return ok({ capability: JSON.parse(capability) as unknown })
  } catch {
    return fail('invalid', '--capability is not valid JSON')
  }
}

function words(list: string | undefined): string[] | undefined {
  return list?.split(',').map((word) => word.trim())
}

export interface FoundKey {
  readonly app: App
  readonly key: ApiKey
  /** The secret after the colon, where a whole key was given. */
  readonly secret: string | undefined
}

/** Runs an action on the key that the first argument names. */
export function withKey(
  context: CommandContext,
  action: (services: Services, found: FoundKey) => number | Promise<number>,
): Promise<number> {
  return withServices(context, (services) => {
    const found = findKey(services, context.positionals[0]!, context.options['app'])
    return found.ok ? action(services, found.value) : failed(context, found.failure)
  })
}

/**
 * Finds a key by its name `appId.keyId`, by the whole key with its secret, or within an app by its id or
 * the name that people gave it.
 * @param app id or name; undefined for the default app
 */
function findKey(services: Services, wanted: string, app: string | undefined): Result<FoundKey> {
  const [, appId, keyId, secret] = /^([A-Za-z0-9]+)\.([A-Za-z0-9]+)(?::(.*))?$/.exec(wanted) ?? []
  const own = appId === undefined ? undefined : services.apps.find(appId)
  if (own?.ok && own.value.id === appId) {
    const found = services.apiKeys.find(own.value, keyId!)
    if (found.ok && found.value.id === keyId) {
      return ok({ app: own.value, key: found.value, secret })
    }
  }
  const named = services.apps.find(app)
  if (!named.ok) return named
  const found = services.apiKeys.find(named.value, wanted)
  // The argument may be a secret, so the message does not repeat it.
  return found.ok ? ok({ app: named.value, key: found.value, secret: undefined }) : found
}
