/** Statements that are written and compiled once: what strangers can have done a hundred times with one request. */
import { getTableColumns, sql } from 'drizzle-orm'
import type { SQLiteInsertValue, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Store } from '../database.ts'

/** @returns what adds one whole row */
export function preparedInsert<T extends SQLiteTable>(
  db: Store['db'],
  table: T,
): (row: T['$inferSelect']) => void {
  const names = Object.keys(getTableColumns(table))
  // The type cannot tell that these are all columns of the table, each with a place for its value.
  const places = Object.fromEntries(
    names.map((name) => [name, sql.placeholder(name)]),
  ) as SQLiteInsertValue<T>
  const statement = db.insert(table).values(places).prepare()
  return (row) => void statement.run(row)
}
