/** The tables of apps with their API keys, channel rules and revoked tokens. */
import { sql } from 'drizzle-orm'
import {
  blob,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core'
import { accounts } from './accounts.ts'

export const apps = sqliteTable(
  'apps',
  {
    id: text().primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id),
    name: text().notNull(),
    status: text({ enum: ['enabled', 'disabled'] }).notNull(),
    tlsOnly: integer('tls_only', { mode: 'boolean' }).notNull(),
    /** The app that is used where none is named. */
    isDefault: integer('is_default', { mode: 'boolean' }).notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** Null for an app that does not expire. */
    expiresAt: integer('expires_at'),
    /** Limits of the app (`policy/app-limits.ts`); null for the server's. */
    maxConnections: integer('max_connections'),
    maxChannels: integer('max_channels'),
    messageRate: integer('message_rate'),
    memoryMb: integer('memory_mb'),
    diskMb: integer('disk_mb'),
    maxPresenceMembers: integer('max_presence_members'),
    allowedOrigins: text('allowed_origins', { mode: 'json' }).$type<readonly string[]>(),
    /** For a sandbox app, the address that created it, with which it shares limits. */
    madeBy: text('made_by'),
  },
  (table) => [
    uniqueIndex('apps_name').on(table.accountId, table.name),
    uniqueIndex('apps_default')
      .on(table.isDefault)
      .where(sql`is_default = 1`),
  ],
)

/** The column of tables whose rows are removed with their app. */
export const appId = () =>
  text('app_id')
    .notNull()
    .references(() => apps.id, { onDelete: 'cascade' })

export const apiKeys = sqliteTable(
  'api_keys',
  {
    appId: appId(),
    id: text().notNull(),
    name: text().notNull(),
    /** In canonical form (`policy/capability`). */
    capability: text().notNull(),
    revocableTokens: integer('revocable_tokens', { mode: 'boolean' }).notNull(),
    status: text({ enum: ['enabled', 'revoked'] }).notNull(),
    /** Sealed (`identity/keyring.ts`), because it is an HMAC key and must be known to check a signature. */
    secret: blob({ mode: 'buffer' }).notNull(),
    /** The secret before the last rotation, valid until it is retired. */
    oldSecret: blob('old_secret', { mode: 'buffer' }),
    lastUsedAt: integer('last_used_at'),
    oldLastUsedAt: integer('old_last_used_at'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    revokedAt: integer('revoked_at'),
  },
  (table) => [primaryKey({ columns: [table.appId, table.id] })],
)

/** Settings of the channels whose name begins with a segment. Ably calls them namespaces. */
export const channelRules = sqliteTable(
  'channel_rules',
  {
    appId: appId(),
    /** The first segment of the channel names. */
    id: text().notNull(),
    authenticated: integer({ mode: 'boolean' }).notNull(),
    persisted: integer({ mode: 'boolean' }).notNull(),
    persistLast: integer('persist_last', { mode: 'boolean' }).notNull(),
    pushEnabled: integer('push_enabled', { mode: 'boolean' }).notNull(),
    tlsOnly: integer('tls_only', { mode: 'boolean' }).notNull(),
    mutableMessages: integer('mutable_messages', { mode: 'boolean' }).notNull(),
    exposeTimeserial: integer('expose_timeserial', { mode: 'boolean' }).notNull(),
    populateChannelRegistry: integer('populate_channel_registry', { mode: 'boolean' }).notNull(),
    batchingEnabled: integer('batching_enabled', { mode: 'boolean' }).notNull(),
    /** Milliseconds. */
    batchingInterval: integer('batching_interval'),
    conflationEnabled: integer('conflation_enabled', { mode: 'boolean' }).notNull(),
    /** Milliseconds. */
    conflationInterval: integer('conflation_interval'),
    conflationKey: text('conflation_key'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.appId, table.id] })],
)

/** Revocations: tokens that name the target and were issued before a moment are refused. */
export const revocations = sqliteTable(
  'revocations',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    appId: appId(),
    /** The key that the tokens were made with; null for every key. */
    keyId: text('key_id'),
    kind: text({ enum: ['clientId', 'revocationKey', 'channel'] }).notNull(),
    value: text().notNull(),
    issuedBefore: integer('issued_before').notNull(),
    /** Its number among the tokens issued here (`service/tokens/token-order.ts`); null where the request named the time. */
    number: integer(),
    /** When it takes effect; later than the request where clients get time to fetch another token. */
    appliesAt: integer('applies_at').notNull(),
    /** When all tokens that it can concern have expired. */
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [
    index('revocations_app').on(table.appId),
    index('revocations_expiry').on(table.expiresAt),
  ],
)
