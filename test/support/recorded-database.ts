/** A database that records what is written to it, transaction by transaction, so that another can be written alike. */
import type { Database, SQLQueryBindings, Statement } from 'bun:sqlite'

export interface RecordedStatement {
  readonly sql: string
  readonly parameters: readonly SQLQueryBindings[]
}

export interface Recording {
  readonly database: Database
  /** Transactions that were committed, in order, each with the statements that have written something. */
  readonly transactions: readonly (readonly RecordedStatement[])[]
  /** What was written outside of any transaction. */
  readonly stray: readonly string[]
}

const WRITES = /^\s*(insert|update|delete|replace|with)\b/i

/** Records from now on what is written through the returned database; statements compiled before go unseen. */
export function recorded(database: Database): Recording {
  const transactions: RecordedStatement[][] = []
  const stray: string[] = []
  let open: RecordedStatement[] | undefined
  const savepoints = new Map<string, number>()

  const control = (sql: string) => {
    for (const one of sql.split(';').map((text) => text.trim())) {
      const [, back] = /^ROLLBACK TO (\w+)$/i.exec(one) ?? []
      const [, savepoint] = /^SAVEPOINT (\w+)$/i.exec(one) ?? []
      if (/^BEGIN\b/i.test(one)) open = []
      else if (savepoint !== undefined) savepoints.set(savepoint, open!.length)
      else if (back !== undefined) open!.length = savepoints.get(back)!
      else if (/^COMMIT$/i.test(one)) {
        if (open!.length > 0) transactions.push(open!)
        open = undefined
      } else if (/^ROLLBACK$/i.test(one)) open = undefined
    }
  }
  const note = (sql: string, parameters: readonly SQLQueryBindings[]) => {
    if (!WRITES.test(sql)) return
    // Parameters may be buffers that are used again.
    if (open) open.push({ sql, parameters: structuredClone([...parameters]) })
    else stray.push(sql)
  }
  const statement = (sql: string, real: Statement) =>
    new Proxy(real, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        const runs = ['run', 'get', 'all', 'values'].includes(String(name))
        return (...parameters: SQLQueryBindings[]) => {
          const outcome: unknown = Reflect.apply(member, target, parameters)
          if (runs) note(sql, parameters)
          return outcome
        }
      },
    })
  const proxy = new Proxy(database, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (sql: string, ...parameters: SQLQueryBindings[]) => {
        const outcome: unknown = Reflect.apply(member, target, [sql, ...parameters])
        if (name === 'prepare' || name === 'query') return statement(sql, outcome as Statement)
        if (name === 'run' || name === 'exec') {
          control(sql)
          note(sql, parameters)
        }
        return outcome
      }
    },
  })
  return { database: proxy, transactions, stray }
}

/** Writes to a database what was recorded. */
export function replay(transactions: Recording['transactions'], database: Database): void {
  for (const transaction of transactions) {
    database.run('BEGIN IMMEDIATE')
    for (const { sql, parameters } of transaction) database.query(sql).run(...parameters)
    database.run('COMMIT')
  }
}

/** All rows of all tables, with what SQLite itself keeps about numbers that count up. */
export function contents(database: Database): Record<string, unknown[]> {
  const tables = database
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
    )
    .all()
  return Object.fromEntries(
    tables.map(({ name }) => [name, database.query(`SELECT * FROM ${name} ORDER BY rowid`).all()]),
  )
}
