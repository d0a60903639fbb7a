/** The tables of devices that get push notifications, and of what they subscribe to. */
import { blob, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { appId } from './apps.ts'

/** Devices that want push notifications. */
export const pushDevices = sqliteTable(
  'push_devices',
  {
    appId: appId(),
    id: text().notNull(),
    clientId: text('client_id'),
    platform: text().notNull(),
    formFactor: text('form_factor').notNull(),
    /** In JSON, as it was written. */
    metadata: text().notNull(),
    /** How it is reached; the rest of that is sealed. */
    transport: text().notNull(),
    /** Where it is reached and its own secret, sealed: either lets its holder do something in its name. */
    sealed: blob({ mode: 'buffer' }).notNull(),
    /** Of the token by which it says who it is; null for one that somebody else has registered. */
    tokenDigest: blob('token_digest', { mode: 'buffer' }),
    /** The key that it was registered with. */
    keyId: text('key_id').notNull(),
    /** In canonical form; null for one of which it is not known, which has the least. */
    capability: text(),
    /** What is known of the credentials that it was registered with; null like the capability. */
    origin: text({ mode: 'json' }).$type<unknown>(),
    /** Their client id and revocation key, by which it is found when tokens are revoked. */
    tokenClientId: text('token_client_id'),
    revocationKey: text('revocation_key'),
    /** From when on it counts no more, as these were revoked. */
    endsAt: integer('ends_at'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.appId, table.id] }),
    index('push_devices_client').on(table.appId, table.clientId),
    index('push_devices_token_client').on(table.appId, table.tokenClientId),
    index('push_devices_revocation_key').on(table.appId, table.revocationKey),
    index('push_devices_token').on(table.tokenDigest),
  ],
)

/** Which devices, or devices of which clients, get the push notifications of a channel. */
export const pushSubscriptions = sqliteTable(
  'push_subscriptions',
  {
    appId: appId(),
    channel: text().notNull(),
    kind: text({ enum: ['device', 'client'] }).notNull(),
    /** Id of the device or client. */
    subscriber: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.appId, table.channel, table.kind, table.subscriber] }),
    index('push_subscriptions_subscriber').on(table.appId, table.kind, table.subscriber),
  ],
)
