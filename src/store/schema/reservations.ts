/** The table of reserved namespaces. */
import { blob, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { accounts } from './accounts.ts'

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
    /** Keys, sealed to be shown to their owner, and as digests to be compared (`identity/keyring.ts`). */
    joinKey: blob('join_key', { mode: 'buffer' }),
    joinDigest: blob('join_digest', { mode: 'buffer' }),
    sendKey: blob('send_key', { mode: 'buffer' }),
    sendDigest: blob('send_digest', { mode: 'buffer' }),
    /** Null for the server's setting. */
    explainRefusals: integer('explain_refusals', { mode: 'boolean' }),
    guardEvents: integer('guard_events', { mode: 'boolean' }),
    legacyUsers: integer('legacy_users', { mode: 'boolean' }),
    /** The app that the channels are linked to. No foreign key: the removal of an app must be recorded as a change here. */
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
