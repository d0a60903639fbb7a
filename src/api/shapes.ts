/** Inputs and outputs of the HTTP API as zod schemas, from which the OpenAPI document is made too. */
import { z } from 'zod'
import type { AccessToken } from '../service/accounts/access-tokens.ts'
import type { Account } from '../service/accounts/accounts.ts'
import type { OwnedReservation, Reserved } from '../service/reservations/reservations.ts'

export const none = z.object({})
const time = z.int().describe('Milliseconds since the Unix epoch')

export const account = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(['owner', 'member']),
    created: time,
  })
  .meta({ id: 'Account' })

export const newAccount = z.strictObject({ name: z.string() }).meta({ id: 'NewAccount' })

const key = z.string().nullable().describe('Null when not set')
const option = z.boolean().nullable().describe("Null follows the server's setting")

export const reservation = z
  .object({
    id: z.string(),
    accountId: z.string(),
    namespace: z.string(),
    joinKey: key,
    sendKey: key,
    explainRefusals: option,
    guardEvents: option,
    legacyUsers: option,
    appId: z.string().nullable().describe('The app whose channels these are too; null for none'),
    created: time,
    modified: time,
    warnings: z
      .array(z.string())
      .optional()
      .describe('What you may not have meant, after a change'),
  })
  .meta({ id: 'Reservation' })

const change = {
  joinKey: key.optional(),
  sendKey: key.optional(),
  explainRefusals: option.optional(),
  guardEvents: option.optional(),
  legacyUsers: option.optional(),
  app: z
    .string()
    .nullable()
    .optional()
    .describe('Id or name of the app to link it to; null to unlink it'),
}

export const reservationChange = z.strictObject(change).meta({ id: 'ReservationChange' })
export const newReservation = z
  .strictObject({ namespace: z.string(), ...change })
  .meta({ id: 'NewReservation' })

const occupancy = z.object({
  connections: z.int(),
  publishers: z.int(),
  subscribers: z.int(),
  presenceConnections: z.int(),
  presenceMembers: z.int(),
  presenceSubscribers: z.int(),
  objectPublishers: z.int(),
  objectSubscribers: z.int(),
})

export const channel = z
  .object({
    name: z.string(),
    appId: z.string().optional().describe('The app whose channel it is; none for the commons'),
    members: z.int().describe('Connections on it'),
    occupancy: occupancy.optional().describe('Of a channel of an app'),
    rate: z.number().describe('Messages a second, lately'),
    since: time,
    rule: z.enum(['namespace', 'parent', 'ephemeral', 'open', 'closed', 'app']),
    namespace: z.string().optional().describe('The reserved namespace that covers it'),
    hasJoinKey: z.boolean(),
    hasSendKey: z.boolean(),
  })
  .meta({ id: 'Channel' })

export const connection = z
  .discriminatedUnion('protocol', [
    z.object({
      id: z.string(),
      protocol: z.literal('itty'),
      channel: z.string(),
      uid: z.string(),
      alias: z.string().optional(),
      address: z.string(),
      since: time,
      maySend: z.boolean(),
      rule: z.string(),
    }),
    z.object({
      id: z.string(),
      protocol: z.literal('ably'),
      appId: z.string(),
      key: z.string().describe('Name of the key that it was opened with, or that its token is of'),
      clientId: z.string().optional(),
      address: z.string().optional().describe('None while the client is away and may come back'),
      since: time,
      secure: z.boolean(),
      channels: z.array(z.string()),
    }),
  ])
  .meta({ id: 'Connection' })

export const place = z.object({
  channel: z.string().min(1),
  app: z.string().optional().describe('Id of the app whose channel is meant; none for the commons'),
})

/** In the body, because URLs end up in logs. */
export const question = z
  .strictObject({
    channel: z.string().min(1),
    joinKey: z.string().optional(),
    sendKey: z.string().optional(),
  })
  .meta({ id: 'Question' })

export const explanation = z
  .object({
    channel: z.string(),
    join: z.boolean(),
    send: z.boolean(),
    rule: z.string(),
    namespace: z.string().optional(),
    overrides: z.string().optional(),
    detail: z.string(),
    advice: z.string().optional().describe('The smallest change that would allow more'),
    live: z.boolean(),
  })
  .meta({ id: 'Explanation' })

export const me = z
  .object({
    account: z.object({ id: z.string(), name: z.string() }),
    user: z
      .object({ id: z.int(), email: z.string() })
      .describe('The account once more, as clients of Ably look for it: its email is its name'),
    token: z.object({ id: z.string(), name: z.string(), capabilities: z.array(z.string()) }),
  })
  .meta({ id: 'Me' })

export const disconnected = z.object({ disconnected: z.int() }).meta({ id: 'Disconnected' })

export function accountView({ id, name, role, createdAt }: Account): z.infer<typeof account> {
  return { id, name, role, created: createdAt }
}

export function reservationView(owned: OwnedReservation): z.infer<typeof reservation> {
  return {
    id: owned.id,
    accountId: owned.accountId,
    namespace: owned.namespace,
    joinKey: owned.joinKey ?? null,
    sendKey: owned.sendKey ?? null,
    explainRefusals: owned.options.explainRefusals ?? null,
    guardEvents: owned.options.guardEvents ?? null,
    legacyUsers: owned.options.legacyUsers ?? null,
    appId: owned.options.appId ?? null,
    created: owned.createdAt,
    modified: owned.updatedAt,
  }
}

export function reservedView({
  reservation: owned,
  warnings,
}: Reserved): z.infer<typeof reservation> {
  return { ...reservationView(owned), ...(warnings.length > 0 && { warnings }) }
}

export function meView(owner: Account, token: AccessToken): z.infer<typeof me> {
  return {
    account: { id: owner.id, name: owner.name },
    user: { id: numberOf(owner), email: owner.name },
    token: { id: token.id, name: token.name, capabilities: token.scopes },
  }
}

/** Ably's clients read the id of a user as an integer; ten characters of an id here fit into one exactly. */
function numberOf({ id }: Account): number {
  return Number.parseInt(id.slice(0, 10), 36)
}
