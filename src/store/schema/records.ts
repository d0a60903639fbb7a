/** The tables of statistics, of changes, of the audit trail, and of single values. */
import { blob, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** What was counted for an app in a minute, hour, day or month. */
export const appStats = sqliteTable(
  'app_stats',
  {
    /** Empty for the commons, which are no app; so it cannot be a foreign key. */
    appId: text('app_id').notNull(),
    unit: text({ enum: ['minute', 'hour', 'day', 'month'] }).notNull(),
    /** When the interval began. */
    start: integer().notNull(),
    /** Made up for a test, and kept apart from counted numbers. */
    isFixture: integer('is_fixture', { mode: 'boolean' }).notNull(),
    /** By name (`stats/numbers.ts`). */
    numbers: text({ mode: 'json' }).$type<Record<string, number>>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.appId, table.unit, table.start, table.isFixture] }),
    index('app_stats_age').on(table.unit, table.start),
  ],
)

/** Changed entities in order, from which other processes update what they keep in memory. */
export const changes = sqliteTable('changes', {
  seq: integer().primaryKey({ autoIncrement: true }),
  /** The namespace of a reservation, or the id of an app. */
  entity: text().notNull(),
  kind: text({ enum: ['reservation', 'app'] })
    .notNull()
    .default('reservation'),
})

/** A changed field. Of secrets only that they were set, changed or removed. */
export interface AuditedField {
  readonly field: string
  /** Absent where there was no value, or it is secret. */
  readonly from?: string
  readonly to?: string
}

/** Who changed what. Without foreign keys, because entries outlive what they are about. */
export const audit = sqliteTable(
  'audit',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    at: integer().notNull(),
    /** The account that the changed entity belongs to. */
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
    /** Its name at that time. */
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
