/** The tables of `latchkey.db`. Times are milliseconds since the Unix epoch. */
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

export const accounts = sqliteTable('accounts', {
  id: text().primaryKey(),
  name: text().notNull().unique(),
  role: text({ enum: ['owner', 'member'] }).notNull(),
  createdAt: integer('created_at').notNull(),
})

export const reservations = sqliteTable(
  'reservations',
  {
    id: text().primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id),
    namespace: text().notNull().unique(),
    /** The namespace folded and in lower case: names that look alike must not come from two accounts (N-6). */
    folded: text().notNull(),
    /** Sealed keys, to be shown again, and their digests, to be compared (`identity/keyring.ts`). */
    joinKey: blob('join_key', { mode: 'buffer' }),
    joinDigest: blob('join_digest', { mode: 'buffer' }),
    sendKey: blob('send_key', { mode: 'buffer' }),
    sendDigest: blob('send_digest', { mode: 'buffer' }),
    /** Null follows the server's setting. */
    explainRefusals: integer('explain_refusals', { mode: 'boolean' }),
    guardEvents: integer('guard_events', { mode: 'boolean' }),
    legacyUsers: integer('legacy_users', { mode: 'boolean' }),
    /** The app whose channels these are too; no key of SQL, so that the removal of an app is noticed as a change. */
    appId: text('app_id'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    index('reservations_account').on(table.accountId),
    index('reservations_folded').on(table.folded),
    index('reservations_app').on(table.appId),
  ],
)

export const accessTokens = sqliteTable(
  'access_tokens',
  {
    id: text().primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id),
    name: text().notNull(),
    hash: blob({ mode: 'buffer' }).notNull().unique(),
    scopes: text({ mode: 'json' }).$type<string[]>().notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [index('access_tokens_account').on(table.accountId)],
)

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
    /** The app that is meant when none is named. */
    isDefault: integer('is_default', { mode: 'boolean' }).notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** Null for an app that stays. */
    expiresAt: integer('expires_at'),
    /** What it may take up (`policy/app-limits.ts`); null for what the server allows. */
    maxConnections: integer('max_connections'),
    maxChannels: integer('max_channels'),
    messageRate: integer('message_rate'),
    memoryMb: integer('memory_mb'),
    diskMb: integer('disk_mb'),
    maxPresenceMembers: integer('max_presence_members'),
    allowedOrigins: text('allowed_origins', { mode: 'json' }).$type<readonly string[]>(),
    /** Of an app of the sandbox: the address that made it, with which it has its share of the server. */
    madeBy: text('made_by'),
  },
  (table) => [
    uniqueIndex('apps_name').on(table.accountId, table.name),
    uniqueIndex('apps_default')
      .on(table.isDefault)
      .where(sql`is_default = 1`),
  ],
)

const appId = () =>
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

/** What holds for the channels of an app whose name begins with a segment; Ably calls them namespaces. */
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

/** Tokens of an app that no longer count: those that name a target and were issued before a moment. */
export const revocations = sqliteTable(
  'revocations',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    appId: appId(),
    /** The key that the tokens were made with; null for those of every key. */
    keyId: text('key_id'),
    kind: text({ enum: ['clientId', 'revocationKey', 'channel'] }).notNull(),
    value: text().notNull(),
    issuedBefore: integer('issued_before').notNull(),
    /** Its place among the tokens issued here; null where somebody has named the moment. */
    number: integer(),
    /** From when on; later than it was asked for where clients get time to fetch another token. */
    appliesAt: integer('applies_at').notNull(),
    /** When every token that it could concern has expired by itself. */
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [
    index('revocations_app').on(table.appId),
    index('revocations_expiry').on(table.expiresAt),
  ],
)

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

/** What was counted for an app in a minute, hour, day or month. */
export const appStats = sqliteTable(
  'app_stats',
  {
    /** Empty for the commons, which are no app; so this is no key of SQL. */
    appId: text('app_id').notNull(),
    unit: text({ enum: ['minute', 'hour', 'day', 'month'] }).notNull(),
    /** When the interval began. */
    start: integer().notNull(),
    /** Made up for a test, and kept apart from what happened. */
    isFixture: integer('is_fixture', { mode: 'boolean' }).notNull(),
    /** By name (`stats/numbers.ts`). */
    numbers: text({ mode: 'json' }).$type<Record<string, number>>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.appId, table.unit, table.start, table.isFixture] }),
    index('app_stats_age').on(table.unit, table.start),
  ],
)

/** What changed, in order: other processes catch up from here. */
export const changes = sqliteTable('changes', {
  seq: integer().primaryKey({ autoIncrement: true }),
  /** The namespace of a reservation, or the id of an app. */
  entity: text().notNull(),
  kind: text({ enum: ['reservation', 'app'] })
    .notNull()
    .default('reservation'),
})

/** One field of what was changed, without secrets: those are only said to be set. */
export interface AuditedField {
  readonly field: string
  /** Absent where there was nothing, or nothing that may be told. */
  readonly from?: string
  readonly to?: string
}

/** Who changed what. No key of SQL leads out of it: what was removed since is still told of. */
export const audit = sqliteTable(
  'audit',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    at: integer().notNull(),
    /** Whose thing was changed. */
    accountId: text('account_id').notNull(),
    actorKind: text('actor_kind', {
      enum: ['person', 'token', 'key', 'command', 'server', 'stranger'],
    }).notNull(),
    /** Email of a person, name of a token or key, user of the command line. */
    actor: text().notNull(),
    /** Where the request came from; null where there was none. */
    address: text(),
    action: text().notNull(),
    kind: text().notNull(),
    entity: text().notNull(),
    /** What it was called then. */
    name: text().notNull(),
    fields: text({ mode: 'json' }).$type<readonly AuditedField[]>().notNull(),
  },
  (table) => [index('audit_account').on(table.accountId, table.seq)],
)

/** Single values that belong to the database, such as the proof of its master key. */
export const facts = sqliteTable('facts', {
  name: text().primaryKey(),
  value: blob({ mode: 'buffer' }).notNull(),
})

/** Those who sign in to the dashboard. What they may do there, they may as members of an account. */
export const people = sqliteTable('people', {
  id: text().primaryKey(),
  email: text().notNull(),
  /** In lower case, by which people are found. */
  folded: text().notNull().unique(),
  /** argon2id with its parameters; null for people who sign in with a provider only. */
  password: text(),
  createdAt: integer('created_at').notNull(),
})

const personId = () =>
  text('person_id')
    .notNull()
    .references(() => people.id, { onDelete: 'cascade' })

const memberAccountId = () =>
  text('account_id')
    .notNull()
    .references(() => accounts.id, { onDelete: 'cascade' })

export const memberships = sqliteTable(
  'memberships',
  {
    personId: personId(),
    accountId: memberAccountId(),
    role: text({ enum: ['owner', 'member', 'viewer'] }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.personId, table.accountId] }),
    index('memberships_account').on(table.accountId),
  ],
)

/** Browsers that are signed in. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: text().primaryKey(),
    hash: blob({ mode: 'buffer' }).notNull().unique(),
    personId: personId(),
    /** The account that the person looks at. */
    accountId: memberAccountId(),
    createdAt: integer('created_at').notNull(),
    seenAt: integer('seen_at').notNull(),
    /** The latest moment at which it ends, however much it is used. */
    expiresAt: integer('expires_at').notNull(),
    address: text().notNull(),
    /** What the browser calls itself. */
    agent: text().notNull(),
  },
  (table) => [index('sessions_person').on(table.personId)],
)

/** Who somebody is with a provider of sign-ins, which knows them by a subject that never changes. */
export const identities = sqliteTable(
  'identities',
  {
    provider: text().notNull(),
    subject: text().notNull(),
    personId: personId(),
    /** Name or address with the provider, for people to recognise. */
    label: text().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.provider, table.subject] }),
    index('identities_person').on(table.personId),
  ],
)

/** Links that work once: to claim an account, to join one, to choose a new password. */
export const links = sqliteTable('links', {
  id: text().primaryKey(),
  hash: blob({ mode: 'buffer' }).notNull().unique(),
  kind: text({ enum: ['claim', 'invite'] }).notNull(),
  accountId: memberAccountId(),
  role: text({ enum: ['owner', 'member', 'viewer'] }).notNull(),
  /** For whom it is meant, as a reminder; null when nobody said. */
  note: text(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
})
