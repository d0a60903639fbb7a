/** Reads and writes what was counted for apps. */
import { type SQL, and, asc, between, desc, eq, sql } from 'drizzle-orm'
import type { Store } from './database.ts'
import { appStats } from './schema.ts'

export type StatsRow = typeof appStats.$inferSelect

/** Starts of intervals of one unit, both included. */
export interface StatsRange {
  readonly unit: StatsRow['unit']
  readonly first: number
  readonly last: number
}

/** Rows that one statement deletes at most, so that nobody waits for it. */
const PRUNED_AT_ONCE = 5000

const UPSERT = `INSERT INTO app_stats (app_id, unit, start, is_fixture, numbers)
  SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM apps WHERE id = ?1)
  ON CONFLICT DO UPDATE SET numbers = excluded.numbers`

export class StatsTable {
  readonly #db: Store['db']
  readonly #sqlite: Store['sqlite']

  constructor({ db, sqlite }: Store) {
    this.#db = db
    this.#sqlite = sqlite
  }

  /** What really was counted in an interval so far. */
  counted(appId: string, unit: StatsRow['unit'], start: number): StatsRow['numbers'] | undefined {
    const where = and(this.#in(appId, { unit, first: start, last: start }), isFixture(false))
    return this.#db.select().from(appStats).where(where).get()?.numbers
  }

  /** Starts of the intervals that have data, counted or made up, in order. */
  starts(appId: string, range: StatsRange, newestFirst: boolean, limit: number): number[] {
    return this.#db
      .selectDistinct({ start: appStats.start })
      .from(appStats)
      .where(this.#in(appId, range))
      .orderBy(newestFirst ? desc(appStats.start) : asc(appStats.start))
      .limit(limit)
      .all()
      .map(({ start }) => start)
  }

  /** Up to two for an interval: what was counted, and what was made up. */
  list(appId: string, range: StatsRange): StatsRow[] {
    return this.#db.select().from(appStats).where(this.#in(appId, range)).all()
  }

  fixtures(appId: string, range: StatsRange): StatsRow[] {
    const where = and(this.#in(appId, range), isFixture(true))
    return this.#db.select().from(appStats).where(where).all()
  }

  /**
   * Puts a row in the place of the one of its interval.
   * @returns false where the app is gone
   */
  put({ appId, unit, start, isFixture: made, numbers }: StatsRow): boolean {
    const { changes } = this.#sqlite
      .query(UPSERT)
      .run(appId, unit, start, made ? 1 : 0, JSON.stringify(numbers))
    return changes > 0
  }

  /** Drops some of the counted rows of a unit that began before a moment; returns how many. */
  prune(unit: StatsRow['unit'], before: number): number {
    const old = sql`SELECT rowid FROM app_stats WHERE unit = ${unit} AND start < ${before}
      AND is_fixture = 0 LIMIT ${PRUNED_AT_ONCE}`
    return this.#db
      .delete(appStats)
      .where(sql`rowid IN (${old})`)
      .returning({ start: appStats.start })
      .all().length
  }

  /**
   * One transaction that does not wait until the disk has it: it outlives the process, but perhaps not a
   * power cut. What is written every second must not hold up messages.
   */
  lightly(action: () => void): void {
    this.#sqlite.run('PRAGMA synchronous = NORMAL')
    try {
      this.#sqlite.transaction(action).immediate()
    } finally {
      this.#sqlite.run('PRAGMA synchronous = FULL')
    }
  }

  #in(appId: string, { unit, first, last }: StatsRange): SQL | undefined {
    return and(
      eq(appStats.appId, appId),
      eq(appStats.unit, unit),
      between(appStats.start, first, last),
    )
  }
}

function isFixture(is: boolean): SQL {
  return eq(appStats.isFixture, is)
}
