/** Apps, keys and namespaces in the form of Ably's Control API v1. A namespace is a channel rule here. */
import { z } from 'zod'
import { NUMBER_LIMITS, NUMBER_LIMIT_NAMES, limitsOf } from '../policy/app-limits.ts'
import type { ApiKey } from '../service/apps/api-keys.ts'
import type { App } from '../service/apps/apps.ts'
import type { StoredRule } from '../service/apps/channel-rules.ts'
import { withoutUndefined } from './results.ts'

const time = z.int().describe('Milliseconds since the Unix epoch')

/** Ably's clients send all of these fields, empty where nothing is set. */
const push = Object.fromEntries(
  [
    'apnsAuthType',
    'apnsCertificate',
    'apnsIssuerKey',
    'apnsPrivateKey',
    'apnsSigningKey',
    'apnsSigningKeyId',
    'apnsTopicHeader',
    'apnsUseSandboxEndpoint',
    'fcmKey',
    'fcmProjectId',
    'fcmServiceAccount',
  ].map((name) => [
    name,
    z
      .union([z.literal(''), z.literal(false), z.null()], 'push is not supported yet')
      .optional()
      .describe('Only empty: push is not supported yet'),
  ]),
)

const status = z.enum(['enabled', 'disabled'])

const limits = z.object({
  ...(Object.fromEntries(
    NUMBER_LIMIT_NAMES.map((name) => [
      name,
      z
        .int()
        .nullable()
        .describe(
          `${NUMBER_LIMITS[name].description}; null for what the server allows, 0 for no limit of its own`,
        ),
    ]),
  ) as Record<keyof typeof NUMBER_LIMITS, z.ZodNullable<z.ZodInt>>),
  allowedOrigins: z
    .array(z.string())
    .readonly()
    .nullable()
    .describe(
      'Origins that its pages may connect from, of those that the server allows; null for all of them',
    ),
})

export const app = z
  .object({
    accountId: z.string(),
    id: z.string(),
    name: z.string(),
    status,
    tlsOnly: z.boolean(),
    limits,
    created: time,
    modified: time,
  })
  .meta({ id: 'App' })

const limitsChange = z
  .strictObject(limits.partial().shape)
  .describe('What is left out stays as it is. Numbers are set by the owner of the server only')

const appSettings = {
  status: status.optional(),
  tlsOnly: z.boolean().optional(),
  limits: limitsChange.optional(),
  ...push,
}

export const newApp = z.strictObject({ name: z.string(), ...appSettings }).meta({ id: 'NewApp' })

export const appChange = z
  .strictObject({
    id: z.string().optional().describe('Must be the one of the address'),
    name: z.string().optional(),
    ...appSettings,
  })
  .meta({ id: 'AppChange' })

const capability = z.record(z.string(), z.array(z.string()))

export const key = z
  .object({
    appId: z.string(),
    id: z.string(),
    name: z.string(),
    status: z.int().describe('0 enabled, 1 revoked'),
    key: z.string().describe('The whole key, with its secret'),
    capability,
    revocableTokens: z.boolean(),
    created: time,
    modified: time,
  })
  .meta({ id: 'Key' })

/** Kept as given: copying would lose a resource named `__proto__`. */
const givenCapability = z
  .unknown()
  .refine(isLists, 'is an object of lists of operations')
  .meta({ type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } })

function isLists(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const isText = (item: unknown) => typeof item === 'string'
  return Object.values(value).every((list) => Array.isArray(list) && list.every(isText))
}

const keySettings = {
  capability: givenCapability.nullish().describe('Without one a new key may do everything'),
  revocableTokens: z.boolean().optional(),
}

export const newKey = z.strictObject({ name: z.string(), ...keySettings }).meta({ id: 'NewKey' })

export const keyChange = z
  .strictObject({ name: z.string().optional(), ...keySettings })
  .meta({ id: 'KeyChange' })

const interval = z.int().nullable().describe('Milliseconds; null for the usual')

const switches = {
  authenticated: z.boolean(),
  persisted: z.boolean(),
  persistLast: z.boolean(),
  pushEnabled: z.boolean(),
  tlsOnly: z.boolean(),
  exposeTimeserial: z.boolean(),
  mutableMessages: z.boolean(),
  populateChannelRegistry: z.boolean(),
  batchingEnabled: z.boolean(),
  batchingInterval: interval,
  conflationEnabled: z.boolean(),
  conflationInterval: interval,
  conflationKey: z.string().nullable(),
}

export const namespace = z
  .object({
    appId: z.string(),
    id: z.string(),
    ...switches,
    identified: z.boolean().describe('Another name of authenticated'),
    created: time,
    modified: time,
  })
  .meta({ id: 'Namespace' })

const namespaceSettings = z.object(switches).partial().shape

export const newNamespace = z
  .strictObject({
    id: z.string(),
    ...namespaceSettings,
    exposeTimeSerial: z.boolean().optional().describe('Another spelling of exposeTimeserial'),
    identified: z.boolean().optional().describe('Another name of authenticated'),
  })
  .meta({ id: 'NewNamespace' })

export const namespaceChange = newNamespace.omit({ id: true }).meta({ id: 'NamespaceChange' })

export function appView(value: App): z.infer<typeof app> {
  const { accountId, id, name, tlsOnly, createdAt, updatedAt } = value
  return {
    accountId,
    id,
    name,
    status: value.status,
    tlsOnly,
    limits: limitsOf(value),
    created: createdAt,
    modified: updatedAt,
  }
}

/** @param whole the key with its secret */
export function keyView(value: ApiKey, whole: string): z.infer<typeof key> {
  return {
    appId: value.appId,
    id: value.id,
    name: value.name,
    status: value.status === 'enabled' ? 0 : 1,
    key: whole,
    capability: capabilityView(value),
    revocableTokens: value.revocableTokens,
    created: value.createdAt,
    modified: value.updatedAt,
  }
}

export function capabilityView({ capability: text }: ApiKey): z.infer<typeof capability> {
  return JSON.parse(text) as z.infer<typeof capability>
}

export function namespaceView(rule: StoredRule): z.infer<typeof namespace> {
  const { createdAt, updatedAt, ...settings } = rule
  return {
    ...settings,
    identified: settings.authenticated,
    created: createdAt,
    modified: updatedAt,
  }
}

/**
 * Ably's clients send an empty string for no key, and use two spellings of one name. Where they only switch batching
 * or conflation off, they expect its interval and key to be removed.
 */
export function namespaceSettingsOf(body: z.infer<typeof namespaceChange>) {
  const { authenticated, exposeTimeSerial, identified, conflationKey, ...settings } = body
  return {
    ...(body.batchingEnabled === false && { batchingInterval: null }),
    ...(body.conflationEnabled === false && { conflationInterval: null, conflationKey: null }),
    ...(exposeTimeSerial !== undefined && { exposeTimeserial: exposeTimeSerial }),
    // Clients that send both spellings have changed one and sent the other as it was.
    ...((identified ?? authenticated) !== undefined && {
      authenticated: identified === true || authenticated === true,
    }),
    ...(conflationKey !== undefined && { conflationKey: conflationKey || null }),
    ...withoutUndefined(settings),
  }
}
