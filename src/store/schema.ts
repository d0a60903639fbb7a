/** The tables of `latchkey.db`. Times are milliseconds since the Unix epoch. */
import { blob, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

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
    /** The namespace in lower case: names that differ only by case must not come from two accounts (N-6). */
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
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    index('reservations_account').on(table.accountId),
    index('reservations_folded').on(table.folded),
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

/** Which namespaces changed, in order: other processes catch up from here. */
export const changes = sqliteTable('changes', {
  seq: integer().primaryKey({ autoIncrement: true }),
  namespace: text().notNull(),
})

/** Single values that belong to the database, such as the proof of its master key. */
export const facts = sqliteTable('facts', {
  name: text().primaryKey(),
  value: blob({ mode: 'buffer' }).notNull(),
})
