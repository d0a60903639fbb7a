/** The tables of what is noted: statistics, changes, the audit trail, and single values. */
import { blob, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

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
