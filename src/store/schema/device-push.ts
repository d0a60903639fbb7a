/** The tables of devices that get push notifications, and of what they subscribe to. */
import { blob, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { appId } from './apps.ts'

/** Devices that get push notifications. */
export const pushDevices = sqliteTable(
  'push_devices',
  {
    appId: appId(),
    id: text().notNull(),
    clientId: text('client_id'),
    platform: text().notNull(),
    formFactor: text('form_factor').notNull(),
    /** JSON, kept exactly as it was sent. */
    metadata: text().notNull(),
    /** The transport type; the rest of the recipient is sealed. */
    transport: text().notNull(),
    /** Recipient and device secret, sealed: either lets its holder act for the device. */
    sealed: blob({ mode: 'buffer' }).notNull(),
    /** Digest of its token; null for a device that was registered by somebody else. */
    tokenDigest: blob('token_digest', { mode: 'buffer' }),
    /** The key that it was registered with. */
    keyId: text('key_id').notNull(),
    /** In canonical form; null for a device from before it was stored, which has the least capability. */
    capability: text(),
    /** The credentials that it was registered with (`device-push/device.ts`); null like the capability. */
    origin: text({ mode: 'json' }).$type<unknown>(),
    /** Client id and revocation key of these credentials, by which revocations find it. */
    tokenClientId: text('token_client_id'),
    revocationKey: text('revocation_key'),
    /** When it ends because they were revoked. */
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
