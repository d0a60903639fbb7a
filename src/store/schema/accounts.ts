/** The tables of accounts, of the people who belong to them, and of what opens them. */
import { blob, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const accounts = sqliteTable('accounts', {
  id: text().primaryKey(),
  name: text().notNull().unique(),
  role: text({ enum: ['owner', 'member'] }).notNull(),
  createdAt: integer('created_at').notNull(),
})

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

/** People who sign in to the dashboard. Their rights come from their memberships. */
export const people = sqliteTable('people', {
  id: text().primaryKey(),
  email: text().notNull(),
  /** The email in lower case, by which people are found. */
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

/** Dashboard sessions. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: text().primaryKey(),
    hash: blob({ mode: 'buffer' }).notNull().unique(),
    personId: personId(),
    /** The account that the session shows. */
    accountId: memberAccountId(),
    createdAt: integer('created_at').notNull(),
    seenAt: integer('seen_at').notNull(),
    /** When it ends at the latest, whether or not it is used. */
    expiresAt: integer('expires_at').notNull(),
    address: text().notNull(),
    /** The browser's `User-Agent`. */
    agent: text().notNull(),
  },
  (table) => [index('sessions_person').on(table.personId)],
)

/** Identities of people with sign-in providers; the provider's `subject` never changes. */
export const identities = sqliteTable(
  'identities',
  {
    provider: text().notNull(),
    subject: text().notNull(),
    personId: personId(),
    /** Name or email with the provider, for display. */
    label: text().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.provider, table.subject] }),
    index('identities_person').on(table.personId),
  ],
)

/** One-time links: to claim an account (which also replaces a lost password) or to join one. */
export const links = sqliteTable('links', {
  id: text().primaryKey(),
  hash: blob({ mode: 'buffer' }).notNull().unique(),
  kind: text({ enum: ['claim', 'invite'] }).notNull(),
  accountId: memberAccountId(),
  role: text({ enum: ['owner', 'member', 'viewer'] }).notNull(),
  /** A reminder whom it is for; null where none was given. */
  note: text(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
})
