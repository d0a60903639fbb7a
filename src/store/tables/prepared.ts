/** Statements that are prepared once, for writes of which one request can cause hundreds. */
import { getTableColumns, sql } from 'drizzle-orm'
import type { SQLiteInsertValue, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Store } from '../database.ts'

/** @returns a function that inserts a row */
export function preparedInsert<T extends SQLiteTable>(
  db: Store['db'],
  table: T,
): (row: T['$inferSelect']) => void {
  const names = Object.keys(getTableColumns(table))
  // Safe: every column of the table has a placeholder.
  const places = Object.fromEntries(
    names.map((name) => [name, sql.placeholder(name)]),
  ) as SQLiteInsertValue<T>
  const statement = db.insert(table).values(places).prepare()
  return (row) => void statement.run(row)
}
