/** Reads and writes statistics of apps. */
import { and, asc, between, desc, eq, sql } from 'drizzle-orm'
import type { Store } from '../database.ts'
import { appStats } from '../schema/records.ts'

export type StatsRow = typeof appStats.$inferSelect

/** Intervals of one unit by their starts, inclusive. */
export interface StatsRange {
  readonly unit: StatsRow['unit']
  readonly first: number
  readonly last: number
}

/** Bounds one deletion, so that it takes little time. */
const PRUNED_AT_ONCE = 5000

const UPSERT = `INSERT INTO app_stats (app_id, unit, start, is_fixture, numbers)
  SELECT ?1, ?2, ?3, ?4, ?5 WHERE ?1 = '' OR EXISTS (SELECT 1 FROM apps WHERE id = ?1)
  ON CONFLICT DO UPDATE SET numbers = excluded.numbers`

/** Prepares its statements once: some run for every app every second. */
export class StatsTable {
  readonly #db: Store['db']
  readonly #sqlite: Store['sqlite']
  readonly #read: ReturnType<typeof prepare>

  constructor({ db, sqlite }: Store) {
    this.#db = db
    this.#sqlite = sqlite
    this.#read = prepare(db)
  }

  /** The counted numbers of an interval, without made-up ones. */
  counted(appId: string, unit: StatsRow['unit'], start: number): StatsRow['numbers'] | undefined {
    return this.#read.counted.get({ appId, unit, first: start, last: start })?.numbers
  }

  /** Starts of the intervals with counted or made-up numbers, in order. */
  starts(appId: string, range: StatsRange, newestFirst: boolean, limit: number): number[] {
    const { newest, oldest } = this.#read
    const rows = (newestFirst ? newest : oldest).all({ appId, ...range, limit })
    return rows.map(({ start }) => start)
  }

  /** Up to two rows for an interval: counted and made-up numbers. */
  list(appId: string, range: StatsRange): StatsRow[] {
    return this.#read.all.all({ appId, ...range })
  }

  fixtures(appId: string, range: StatsRange): StatsRow[] {
    return this.#read.fixtures.all({ appId, ...range })
  }

  /**
   * Inserts or replaces the row of an interval.
   * @returns false where the app does not exist any more
   */
  put({ appId, unit, start, isFixture, numbers }: StatsRow): boolean {
    const { changes } = this.#sqlite
      .query(UPSERT)
      .run(appId, unit, start, isFixture ? 1 : 0, JSON.stringify(numbers))
    return changes > 0
  }

  /** Removes some of the counted rows of a unit that began before a time. */
  prune(unit: StatsRow['unit'], before: number): void {
    const old = sql`SELECT rowid FROM app_stats WHERE unit = ${unit} AND start < ${before}
      AND is_fixture = 0 LIMIT ${PRUNED_AT_ONCE}`
    this.#db
      .delete(appStats)
      .where(sql`rowid IN (${old})`)
      .run()
  }
}

function prepare(db: Store['db']) {
  const given = (name: string) => sql.placeholder(name)
  const within = and(
    eq(appStats.appId, given('appId')),
    eq(appStats.unit, given('unit')),
    between(appStats.start, given('first'), given('last')),
  )
  const rows = (isFixture: boolean) =>
    db
      .select()
      .from(appStats)
      .where(and(within, eq(appStats.isFixture, isFixture)))
      .prepare()
  const starts = (newestFirst: boolean) =>
    db
      .selectDistinct({ start: appStats.start })
      .from(appStats)
      .where(within)
      .orderBy(newestFirst ? desc(appStats.start) : asc(appStats.start))
      .limit(given('limit'))
      .prepare()
  return {
    counted: rows(false),
    fixtures: rows(true),
    all: db.select().from(appStats).where(within).prepare(),
    newest: starts(true),
    oldest: starts(false),
  }
}
