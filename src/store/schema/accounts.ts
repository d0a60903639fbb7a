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
